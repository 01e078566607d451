import { useRef } from 'react';
import type { IdentifierToken } from '../engine.ts';
import { share } from '../state/format.ts';
import type { TokenReveal } from '../state/token-reveal.ts';

/** The tokens of one identifier; a click or the arrow keys select one. */
export function IdentifierTokens({
  tokens,
  reveal,
}: {
  readonly tokens: readonly IdentifierToken[];
  readonly reveal: TokenReveal;
}) {
  const toolbar = useRef<HTMLDivElement>(null);
  const move = (by: number): void => {
    const position = Math.min(tokens.length - 1, Math.max(0, reveal.selected + by));
    reveal.select(position);
    toolbar.current?.querySelectorAll('button')[position]?.focus();
  };
  return (
    <div
      ref={toolbar}
      className="tokens"
      role="toolbar"
      aria-label="Tokens of the identifier, in decoding order"
      onKeyDown={(event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1, Home: -tokens.length, End: tokens.length }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        move(by);
      }}
    >
      {tokens.map(({ token, probability }, position) => (
        <button
          // biome-ignore lint/suspicious/noArrayIndexKey: equal tokens differ by their position alone.
          key={position}
          type="button"
          className="token"
          data-shown={position < reveal.shown}
          aria-pressed={position === reveal.selected}
          tabIndex={position === reveal.selected ? 0 : -1}
          onClick={() => reveal.select(position)}
        >
          <span className="hidden">
            Token {position + 1} of {tokens.length}:{' '}
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
