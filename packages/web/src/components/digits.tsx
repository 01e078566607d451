import { useEffect, useRef, useState } from 'react';
import type { Digit } from '../engine.ts';
import { share } from '../state/format.ts';
import { reducedMotion } from '../state/theme.ts';

/** From one digit to the next, in milliseconds. */
const PACE = 650;

/** How far the digits have been written, and which is looked at. */
export interface Writing {
  /** Digits that can be seen. */
  readonly shown: number;
  /** Place of the digit that is looked at. */
  readonly active: number;
  readonly look: (place: number) => void;
  readonly again: () => void;
}

/** Digits appear one by one; at once for whoever wants less motion. */
export function useWriting(digits: readonly Digit[]): Writing {
  const [run, setRun] = useState({ digits, shown: 0, active: 0 });
  const current = run.digits === digits ? run : { digits, shown: 0, active: 0 };
  useEffect(() => {
    if (reducedMotion()) {
      setRun({ digits, shown: digits.length, active: 0 });
      return;
    }
    if (current.shown >= digits.length) return;
    const timer = setTimeout(
      () => setRun({ digits, shown: current.shown + 1, active: current.shown }),
      current.shown === 0 ? 120 : PACE,
    );
    return () => clearTimeout(timer);
  }, [digits, current.shown]);
  return {
    shown: current.shown,
    active: current.active,
    look: (active) => setRun({ digits, shown: digits.length, active }),
    again: () => setRun({ digits, shown: 0, active: 0 }),
  };
}

/** The digits of one identifier; each can be looked at, with the arrow keys too. */
export function Digits({ digits, writing }: { readonly digits: readonly Digit[]; readonly writing: Writing }) {
  const row = useRef<HTMLDivElement>(null);
  const step = (by: number): void => {
    const place = Math.min(digits.length - 1, Math.max(0, writing.active + by));
    writing.look(place);
    row.current?.querySelectorAll('button')[place]?.focus();
  };
  return (
    <div
      ref={row}
      className="digits"
      role="toolbar"
      aria-label="Digits of the identifier, in the order of writing"
      onKeyDown={(event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1, Home: -digits.length, End: digits.length }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        step(by);
      }}
    >
      {digits.map(({ token, probability }, place) => (
        <button
          // biome-ignore lint/suspicious/noArrayIndexKey: a digit is its place.
          key={place}
          type="button"
          className="digit"
          data-shown={place < writing.shown}
          aria-pressed={place === writing.active}
          tabIndex={place === writing.active ? 0 : -1}
          onClick={() => writing.look(place)}
        >
          <span className="hidden">
            Digit {place + 1} of {digits.length}:{' '}
          </span>
          <span className="digit-token">{token}</span>
          <span className="hidden">, probability </span>
          <span className="digit-bar" aria-hidden="true">
            <span style={{ inlineSize: `${probability * 100}%` }} />
          </span>
          <span className="digit-probability">{share(probability)}</span>
        </button>
      ))}
    </div>
  );
}
