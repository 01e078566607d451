import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config.ts';

/** What may be different when a run is gone on with: how long it trains, how fast, how often it looks, how it searches. */
export const MAY_CHANGE = {
  training: [
    'indexingEpochs',
    'retrievalEpochs',
    'learningRate',
    'schedule',
    'warmupFraction',
    'weightDecay',
    'gradientClip',
    'validateEvery',
    'checkpointEvery',
    'patience',
  ],
  retrieval: ['exactUpTo', 'beam'],
} as const satisfies { readonly [S in keyof Config]?: readonly (keyof Config[S])[] };

/** Keys that may change, by their full paths. */
export const CHANGEABLE: readonly string[] = Object.entries(MAY_CHANGE).flatMap(([section, keys]) =>
  keys.map((key) => `${section}.${key}`),
);

/** One key that has another value than before. */
export interface ChangedKey {
  readonly key: string;
  readonly before: unknown;
  readonly now: unknown;
  /** Whether a run may go on with it. */
  readonly allowed: boolean;
}

export function changedKeys(before: Config, now: Config): ChangedKey[] {
  const old = new Map(leaves(before));
  return leaves(now).flatMap(([key, value]) =>
    isDeepStrictEqual(old.get(key), value)
      ? []
      : [{ key, before: old.get(key), now: value, allowed: CHANGEABLE.includes(key) }],
  );
}

const leaves = (config: Config): [string, unknown][] =>
  Object.entries(config).flatMap(([section, values]) =>
    Object.entries(values).map(([key, value]): [string, unknown] => [`${section}.${key}`, value]),
  );
