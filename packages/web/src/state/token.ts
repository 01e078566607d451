const KEY = 'neurodex.token';

/** The token of a server that asks for one, for as long as the browser's tab is open. */
export function readToken(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function keepToken(token: string): void {
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // Storage is refused: it has to be given again.
  }
}
