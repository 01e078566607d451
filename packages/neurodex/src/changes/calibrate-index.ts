import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Runtime } from '@neurodex/autograd';
import { NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { LOCK_FILE, lockFile } from '@neurodex/core/storage';
import { readIndexManifest } from '../artifact/manifest.ts';
import { RELEVANCE_FILE, type Relevance, relevanceText } from '../artifact/relevance-file.ts';
import { calibrateRelevance } from '../build/calibrate-relevance.ts';
import { openIndex } from '../systems/open-index.ts';
import { publish, recover } from './publish.ts';

export interface CalibrateIndexOptions {
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** An index whose answers were calibrated. */
export interface CalibratedIndex {
  readonly version: string;
  readonly relevance: Relevance;
}

/**
 * Fits probabilities to the answers of an index as it is now, as its build does, in one step.
 * @throws NeurodexError `run-locked`, `index-missing`, `index-damaged`, `interrupted`; `relevance-unknown` where there are too few
 * validation queries with relevant pictures
 */
export async function calibrateIndex(
  folder: string,
  runtime: Runtime,
  { reporter = silentReporter, signal }: CalibrateIndexOptions = {},
): Promise<CalibratedIndex> {
  await readIndexManifest(folder);
  const lock = await lockFile(join(folder, LOCK_FILE));
  try {
    await recover(folder);
    const index = await openIndex(folder, runtime, reporter, { onLongText: () => {} });
    try {
      const { manifest, store } = index;
      const relevance = await calibrateRelevance(index, { seed: manifest.seed, reporter, signal });
      if (relevance === undefined) throw unknowable(folder);
      const text = relevanceText(relevance);
      const bytes = Buffer.byteLength(text);
      const listed = { file: RELEVANCE_FILE, bytes, sha256: createHash('sha256').update(text).digest('hex') } as const;
      const next = await publish(
        folder,
        store.manifest,
        { ...manifest, relevance: listed },
        { [RELEVANCE_FILE]: text },
      );
      return { version: next.digest, relevance };
    } finally {
      await index.close();
    }
  } finally {
    await lock.release();
  }
}

const unknowable = (folder: string): NeurodexError =>
  new NeurodexError(
    'relevance-unknown',
    `${folder} has too few validation queries with relevant pictures to learn from, of pictures and of words`,
    {
      hint: 'build the index with a larger share of validation queries (split.validationFraction), from pictures with labels',
      details: { folder },
    },
  );
