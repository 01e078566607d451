/** Named after the folder of the page: a proxy may serve several servers from one origin. */
const keyOf = (kind: TokenKind): string => `neurodex.${kind} ${new URL('.', location.href).pathname}`;

/** Of `neurodex serve --token`, and of `--write-token`. */
export type TokenKind = 'token' | 'write-token';

/** The token that the visitor entered in this tab; null where there is none. */
export function readToken(kind: TokenKind = 'token'): string | null {
  try {
    return sessionStorage.getItem(keyOf(kind));
  } catch {
    return null;
  }
}

export function keepToken(token: string, kind: TokenKind = 'token'): void {
  try {
    sessionStorage.setItem(keyOf(kind), token);
  } catch {
    // The browser refuses storage: the visitor enters the token again after a reload.
  }
}
