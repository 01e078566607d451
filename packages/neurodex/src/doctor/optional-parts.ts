/** What some commands need and npm does not install by itself. */
export interface OptionalPart {
  /** Packages that it takes, each with its major version: those of `peerDependencies`. */
  readonly packages: Readonly<Record<string, number>>;
  /** What it is for, behind "needed for". */
  readonly purpose: string;
  /** What happens without it. */
  readonly without: string;
}

export const OPTIONAL_PARTS = {
  'queue in Redis': {
    packages: { bullmq: 6, ioredis: 5 },
    purpose: 'shards run and shards work with --queue redis://…',
    without: 'shards are made by this machine alone',
  },
  'queue in PostgreSQL': {
    packages: { bullmq: 6, pg: 8 },
    purpose: 'shards run and shards work with --queue postgres://…',
    without: 'shards are made by this machine alone',
  },
  usearch: {
    packages: { usearch: 2 },
    purpose: 'a faster bag of visual words in large catalogues',
    without: 'bovw compares all pictures',
  },
} as const satisfies Readonly<Record<string, OptionalPart>>;

export const optionalParts = (): readonly (readonly [name: string, part: OptionalPart])[] =>
  Object.entries<OptionalPart>(OPTIONAL_PARTS);
