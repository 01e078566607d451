import type { Device } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { Reporter } from '@neurodex/core';
import { type Comparison, evaluateSystems } from '../evaluation/compare.ts';
import type { ProtocolName } from '../evaluation/protocol.ts';
import { queriesOf } from '../evaluation/queries.ts';
import type { ParsedMeasure } from '../evaluation/registry.ts';
import type { SystemName } from '../query/system.ts';
import { openIndex } from '../systems/open-index.ts';
import { systemsFor } from '../systems/systems.ts';

/** Queries that can be measured on. */
export const SPLITS = ['test', 'validation'] as const;
export type Split = (typeof SPLITS)[number];

export interface EvaluateOptions {
  readonly index: string;
  /** All that the index has by default. */
  readonly systems?: readonly SystemName[];
  readonly split: Split;
  /** Those of the protocol by default. */
  readonly measures?: readonly ParsedMeasure[];
  /** `full` by default. */
  readonly protocol?: ProtocolName;
  /** Of the intervals, and of the queries that a protocol draws; 0 by default. */
  readonly seed?: number;
  /** Folder for TREC files. */
  readonly trec?: string;
  readonly device: Device;
  readonly reporter: Reporter;
}

/** Measures systems over the queries of a split. @throws NeurodexError of the index, `usage` for an empty split */
export async function evaluateIndex({
  index: folder,
  systems,
  split,
  device,
  reporter,
  ...options
}: EvaluateOptions): Promise<Comparison> {
  const index = await openIndex(folder, nodeRuntime({ device }), reporter);
  try {
    return await evaluateSystems({
      ...options,
      reporter,
      systems: await Promise.all((systems ?? systemsFor('picture', index.manifest)).map((name) => index.system(name))),
      store: index.store,
      queries: queriesOf(index.store, split),
    });
  } finally {
    await index.close();
  }
}
