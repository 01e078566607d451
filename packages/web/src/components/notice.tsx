import type { ReactNode } from 'react';
import { EngineError, type Progress } from '../engine.ts';
import { bytes } from '../state/format.ts';

/** An error and its hint. Screen readers announce it. */
export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const [message, hint] =
    error instanceof EngineError
      ? [error.message, error.hint]
      : ['this page failed unexpectedly', error instanceof Error ? error.message : String(error)];
  return (
    <div className="notice failure" role="alert">
      <p>
        <strong>{sentence(message)}</strong>
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

/** One sentence about the visitor's input. Screen readers announce it. */
export function Alert({ text }: { readonly text: string }) {
  return (
    <p className="notice failure" role="alert">
      <strong>{sentence(text)}</strong>
    </p>
  );
}

/** A page that holds only a notice, with a heading for screen readers. */
export function NoticePage({ heading, children }: { readonly heading: string; readonly children: ReactNode }) {
  return (
    <>
      <h1 className="hidden">{heading}</h1>
      {children}
    </>
  );
}

/** Says why a page shows nothing else. */
export function Notice({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="notice">
      <p>
        <strong>{title}</strong>
      </p>
      {children}
    </div>
  );
}

/** A running activity, with its progress where `done` is given. */
export function Loading({
  activity,
  done,
  total,
}: {
  readonly activity: string;
  readonly done?: number;
  readonly total?: number | undefined;
}) {
  return (
    <div className="notice loading" role="status">
      <p>{activity}…</p>
      {done === undefined ? (
        <div className="bar indefinite" aria-hidden="true" />
      ) : (
        <progress aria-label={activity} value={total === undefined ? undefined : done} max={total ?? 1} />
      )}
    </div>
  );
}

/** The loading of a large file; the activity until it begins. */
export function LoadingProgress({
  progress,
  activity: first,
}: {
  readonly progress: Progress | null;
  readonly activity: string;
}) {
  if (progress === null) return <Loading activity={first} />;
  const { activity, done, total } = progress;
  if (total === undefined) return <Loading activity={activity} />;
  return <Loading activity={`${activity}, ${bytes(done)} of ${bytes(total)}`} done={done} total={total} />;
}

/** A message as a sentence: messages have no capital and no full stop, as on the command line. */
export const sentence = (text: string): string => {
  const capitalised = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(capitalised) ? capitalised : `${capitalised}.`;
};
