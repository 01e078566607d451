import { useEffect, useState } from 'react';
import type { IdentifierToken } from '../engine.ts';
import { reducedMotion } from './theme.ts';

/** Milliseconds before the first token, and from one token to the next. */
const [FIRST_DELAY, DELAY] = [120, 650];

/** How many tokens of an identifier are visible, and which one is selected. */
export interface TokenReveal {
  /** Visible tokens, from the first on. */
  readonly shown: number;
  /** Position of the selected token. */
  readonly selected: number;
  readonly select: (position: number) => void;
  readonly replay: () => void;
}

/** Reveals the tokens one by one, or all at once where the visitor prefers reduced motion. */
export function useTokenReveal(tokens: readonly IdentifierToken[]): TokenReveal {
  const [state, setState] = useState({ tokens, shown: 0, selected: 0 });
  const { shown, selected } = state.tokens === tokens ? state : { shown: 0, selected: 0 };
  useEffect(() => {
    if (reducedMotion()) {
      setState({ tokens, shown: tokens.length, selected: 0 });
      return;
    }
    if (shown >= tokens.length) return;
    const timer = setTimeout(
      () => setState({ tokens, shown: shown + 1, selected: shown }),
      shown === 0 ? FIRST_DELAY : DELAY,
    );
    return () => clearTimeout(timer);
  }, [tokens, shown]);
  return {
    shown,
    selected,
    select: (position) => setState({ tokens, shown: tokens.length, selected: position }),
    replay: () => setState({ tokens, shown: 0, selected: 0 }),
  };
}
