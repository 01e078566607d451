import { createHash } from 'node:crypto';
import { relative } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { NeurodexError, silentReporter } from '@neurodex/core';
import { evaluateIndex } from '../../packages/neurodex/src/jobs/evaluate-index.ts';
import { inspectIndex } from '../../packages/neurodex/src/jobs/inspect-index.ts';
import { measureIndex } from '../../packages/neurodex/src/jobs/report.ts';
import { searchIndex } from '../../packages/neurodex/src/jobs/search.ts';
import type { SystemName } from '../../packages/neurodex/src/query/system.ts';
import { HostedIndex } from '../../packages/neurodex/src/server/hosted-index.ts';
import { openIndex } from '../../packages/neurodex/src/systems/open-index.ts';

/** How one use of an index ended. */
export type Ending =
  /** `value`: digest of what was answered. */
  | { readonly kind: 'answered'; readonly value: string }
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly message: string;
      readonly named: boolean;
      readonly status: number;
    }
  /** An error that is none of a user's: people would see a stack trace. */
  | { readonly kind: 'fault'; readonly message: string };

export interface Probed {
  readonly endings: Readonly<Record<string, Ending>>;
  /** What `inspect` calls the index; undefined where it refuses. */
  readonly digest: string | undefined;
}

const quiet = { device: 'cpu' as const, reporter: silentReporter };

/** Uses an index in every way: search with each system, evaluate, report, inspect, and what a server reads of it. */
export async function probe(
  index: string,
  { queries, systems }: { readonly queries: readonly string[]; readonly systems: readonly SystemName[] },
): Promise<Probed> {
  const endings: Record<string, Ending> = {};
  let digest: string | undefined;
  const attempt = async (name: string, work: () => Promise<unknown>): Promise<void> => {
    endings[name] = await ending(index, work);
  };
  await attempt('inspect', async () => {
    const {
      digest: found,
      unlisted: _,
      ...facts
    } = await inspectIndex({ index, verify: false, reporter: silentReporter });
    digest = found;
    return facts;
  });
  await attempt('verify', async () => {
    await inspectIndex({ index, verify: true, reporter: silentReporter });
    return 'sound';
  });
  for (const system of systems)
    await attempt(`search ${system}`, async () => {
      const { results } = await searchIndex({ index, files: queries, k: 5, system, ...quiet });
      return results.map(({ answers }) => answers);
    });
  await attempt('evaluate', () => evaluateIndex({ index, split: 'test', ...quiet }));
  await attempt('report', async () => {
    const { evaluation, tests, curves, learning } = await measureIndex({ index, ...quiet });
    return { evaluation, tests, curves, learning: { ...learning, validation: [...learning.validation] } };
  });
  await attempt('serve', () => host(index));
  return { endings, digest };
}

/** What a server reads of an index before anybody asks, and every picture of it. */
async function host(folder: string): Promise<unknown> {
  const index = await openIndex(folder, nodeRuntime());
  const ranker = { rank: async () => [], nones: async () => [], explain: async () => [], close: async () => {} };
  const limits = { batch: 1, batchWindow: 0 };
  try {
    const hosted = await HostedIndex.open('attacked', index, ranker, {
      isDefault: true,
      takesChanges: false,
      device: 'cpu',
      limits,
      onBatch: () => {},
    });
    const { pictures } = await hosted.pictures({ offset: 0, limit: index.store.rows.length });
    const images = createHash('sha256');
    for (const { id } of index.store.rows) {
      const found = await hosted.find(id);
      if (found !== undefined) images.update(await found.image());
    }
    return [hosted.details, pictures.map(({ name, labels }) => [name, labels]), images.digest('hex')];
  } finally {
    await index.close();
  }
}

async function ending(index: string, work: () => Promise<unknown>): Promise<Ending> {
  try {
    // What comes out must be something that can be printed.
    const text = JSON.stringify(await work(), (_, value) => (value === index ? 'INDEX' : value));
    return { kind: 'answered', value: createHash('sha256').update(text.replaceAll(index, 'INDEX')).digest('hex') };
  } catch (error) {
    if (!(error instanceof NeurodexError))
      return { kind: 'fault', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    const { code, message, details, exitStatus } = error;
    const place = String(details.file ?? details.folder ?? '');
    const named = message.includes(index) || (place !== '' && !relative(index, place).startsWith('..'));
    return { kind: 'refused', code, message, named, status: exitStatus };
  }
}
