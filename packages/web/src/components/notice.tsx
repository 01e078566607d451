import type { ReactNode } from 'react';
import { EngineError } from '../engine.ts';

/** Something went wrong: what, and what to do. Read out as it appears. */
export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const [what, hint] =
    error instanceof EngineError
      ? [error.message, error.hint]
      : ['something in this page went wrong', error instanceof Error ? error.message : String(error)];
  return (
    <div className="notice failure" role="alert">
      <p>
        <strong>{sentence(what)}</strong>
      </p>
      {hint === undefined ? null : <p>{sentence(hint)}</p>}
      {retry === undefined ? null : (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A notice that is all there is of a page, which needs a heading for those who go by headings. */
export function Alone({ heading, children }: { readonly heading: string; readonly children: ReactNode }) {
  return (
    <>
      <h1 className="hidden">{heading}</h1>
      {children}
    </>
  );
}

/** Nothing is here, and why. */
export function Empty({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="notice">
      <p>
        <strong>{title}</strong>
      </p>
      {children}
    </div>
  );
}

/** Something is on its way. With `done` and `total`, how far it is. */
export function Loading({
  what,
  done,
  total,
}: {
  readonly what: string;
  readonly done?: number;
  readonly total?: number | undefined;
}) {
  return (
    <div className="notice loading" role="status">
      <p>{what}…</p>
      {done === undefined ? (
        <div className="bar indefinite" aria-hidden="true" />
      ) : (
        <progress aria-label={what} value={total === undefined ? undefined : done} max={total ?? 1} />
      )}
    </div>
  );
}

/** Messages are parts of a sentence, as on the command line. */
export const sentence = (text: string): string => {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
};
