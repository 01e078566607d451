/** Of the folder of the page: a proxy may have several servers below one origin. */
const KEY = `neurodex.token ${new URL('.', location.href).pathname}`;

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
