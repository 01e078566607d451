import { type Reporter, silentReporter } from '@neurodex/core';
import type { ObjectStore } from '../object-store.ts';
import { openStore } from '../open-store.ts';
import type { Patience } from '../patience.ts';

/** Keys that must be in no message. */
export const SECRETS = {
  AWS_ACCESS_KEY_ID: 'AKIAtheidofnobody',
  AWS_SECRET_ACCESS_KEY: 'the/secret+of=nobody',
  AWS_SESSION_TOKEN: 'the-token-of-nobody==',
} as const;

/** So that a test need not wait: a store that fails for two seconds is given up. */
export const IMPATIENT: Patience = {
  total: 2000,
  attempt: 500,
  connect: 500,
  stall: 300,
  firstWait: 5,
  longestWait: 50,
};

export interface OpenedStore {
  readonly store: ObjectStore;
  /** What the reporter was told. */
  readonly told: string[];
}

/** The bucket of a server of a test. */
export async function openS3(
  address: string,
  {
    patience,
    signal,
    place = 's3://bucket/p',
  }: { patience?: Partial<Patience>; signal?: AbortSignal; place?: string } = {},
): Promise<OpenedStore> {
  const told: string[] = [];
  const reporter: Reporter = { ...silentReporter, info: (line) => told.push(line), warn: (line) => told.push(line) };
  const store = await openStore(place, {
    environment: { AWS_ENDPOINT_URL: address, ...SECRETS },
    reporter,
    patience: { ...IMPATIENT, ...patience },
    ...(signal === undefined ? {} : { signal }),
  });
  return { store, told };
}

/** Everything that a person or a log could see of an error. */
export function everythingOf(error: unknown): string {
  const seen: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) {
    seen.push(String(at), at.stack ?? '', JSON.stringify(at), JSON.stringify(Object.entries(at)));
  }
  return seen.join('\n');
}
