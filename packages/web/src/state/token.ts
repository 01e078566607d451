/** Named after the folder of the page: a proxy may serve several servers from one origin. */
const KEY = `neurodex.token ${new URL('.', location.href).pathname}`;

/** The token that the visitor entered in this tab; null where there is none. */
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
    // The browser refuses storage: the visitor enters the token again after a reload.
  }
}
