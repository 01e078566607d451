import type { Device } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { type Comparison, evaluateSystems } from '../evaluation/compare.ts';
import { queriesOf } from '../evaluation/queries.ts';
import type { Reporter } from '../progress.ts';
import { openIndex } from '../retrieval/open.ts';
import type { SystemName } from '../retrieval/system.ts';

/** Queries that can be measured on. */
export const SPLITS = ['test', 'validation'] as const;
export type Split = (typeof SPLITS)[number];

export interface EvaluateOptions {
  readonly index: string;
  /** All that the index has, unless given. */
  readonly systems?: readonly SystemName[];
  readonly split: Split;
  /** Folder for TREC files. */
  readonly trec?: string;
  readonly device: Device;
  readonly reporter: Reporter;
}

/** Measures systems over every query of a split. @throws NeurodexError of the index, `usage` for an empty split */
export async function evaluateIndex({
  index: folder,
  systems,
  split,
  trec,
  device,
  reporter,
}: EvaluateOptions): Promise<Comparison> {
  const index = await openIndex(folder, nodeRuntime({ device }), reporter);
  try {
    return await evaluateSystems({
      systems: await Promise.all((systems ?? index.systems).map((name) => index.system(name))),
      catalogue: index.catalogue,
      queries: queriesOf(index.catalogue, split),
      reporter,
      ...(trec === undefined ? {} : { trec }),
    });
  } finally {
    await index.close();
  }
}
