import { Alert } from './notice.tsx';

/** Asks for the token that the server requires. @param wrong whether the server refused the last one */
export function TokenForm({ wrong, onToken }: { readonly wrong: boolean; readonly onToken: (token: string) => void }) {
  return (
    <form
      className="token"
      onSubmit={(event) => {
        event.preventDefault();
        onToken(String(new FormData(event.currentTarget).get('token') ?? ''));
      }}
    >
      <h1>This server requires a token</h1>
      <p>
        Enter the token of <code>neurodex serve --token</code>. The browser keeps it until you close this tab.
      </p>
      {wrong ? <Alert text="the server refuses this token" /> : null}
      <label className="field">
        Token
        <input name="token" type="password" autoComplete="current-password" required />
      </label>
      <button type="submit" className="button primary">
        Continue
      </button>
    </form>
  );
}
