import { useEffect, useRef, useState } from 'react';
import type { IdentifierToken } from '../engine.ts';
import { share } from '../state/format.ts';
import { reducedMotion } from '../state/theme.ts';

/** From one token to the next, in milliseconds. */
const PACE = 650;

/** How far the tokens have been written, and which is looked at. */
export interface Writing {
  /** Tokens that can be seen. */
  readonly shown: number;
  /** Place of the token that is looked at. */
  readonly active: number;
  readonly look: (place: number) => void;
  readonly again: () => void;
}

/** Tokens appear one by one; at once for whoever wants less motion. */
export function useWriting(tokens: readonly IdentifierToken[]): Writing {
  const [run, setRun] = useState({ tokens, shown: 0, active: 0 });
  const current = run.tokens === tokens ? run : { tokens, shown: 0, active: 0 };
  useEffect(() => {
    if (reducedMotion()) {
      setRun({ tokens, shown: tokens.length, active: 0 });
      return;
    }
    if (current.shown >= tokens.length) return;
    const timer = setTimeout(
      () => setRun({ tokens, shown: current.shown + 1, active: current.shown }),
      current.shown === 0 ? 120 : PACE,
    );
    return () => clearTimeout(timer);
  }, [tokens, current.shown]);
  return {
    shown: current.shown,
    active: current.active,
    look: (active) => setRun({ tokens, shown: tokens.length, active }),
    again: () => setRun({ tokens, shown: 0, active: 0 }),
  };
}

/** The tokens of one identifier; each can be looked at, with the arrow keys too. */
export function Tokens({
  tokens,
  writing,
}: {
  readonly tokens: readonly IdentifierToken[];
  readonly writing: Writing;
}) {
  const row = useRef<HTMLDivElement>(null);
  const step = (by: number): void => {
    const place = Math.min(tokens.length - 1, Math.max(0, writing.active + by));
    writing.look(place);
    row.current?.querySelectorAll('button')[place]?.focus();
  };
  return (
    <div
      ref={row}
      className="tokens"
      role="toolbar"
      aria-label="Tokens of the identifier, in the order of writing"
      onKeyDown={(event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1, Home: -tokens.length, End: tokens.length }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        step(by);
      }}
    >
      {tokens.map(({ token, probability }, place) => (
        <button
          // biome-ignore lint/suspicious/noArrayIndexKey: a token is its place.
          key={place}
          type="button"
          className="token"
          data-shown={place < writing.shown}
          aria-pressed={place === writing.active}
          tabIndex={place === writing.active ? 0 : -1}
          onClick={() => writing.look(place)}
        >
          <span className="hidden">
            Token {place + 1} of {tokens.length}:{' '}
          </span>
          <span className="token-text">{token}</span>
          <span className="hidden">, probability </span>
          <span className="token-bar" aria-hidden="true">
            <span style={{ inlineSize: `${probability * 100}%` }} />
          </span>
          <span className="token-probability">{share(probability)}</span>
        </button>
      ))}
    </div>
  );
}
