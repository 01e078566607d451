import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { type Dataset, openFolder } from '@neurodex/datasets';
import sharp from 'sharp';
import { expect } from 'vitest';
import type { Config } from '../config.ts';
import { PRESETS } from '../presets/presets.ts';
import type { SystemName } from '../query/system.ts';
import { createIndex } from './create-index.ts';
import { evaluateIndex } from './evaluate-index.ts';
import { searchIndex } from './search.ts';

/** A small network of the plan `write`, three steps, and a beam where there are few pictures already. */
export const SMALL_WRITE: Config = {
  ...PRESETS.default,
  pictures: { ...PRESETS.default.pictures, size: 16, thumbnail: 32 },
  split: { retrievalFraction: 0.7, validationFraction: 0.2, testFraction: 0.4 },
  identifiers: { ...PRESETS.default.identifiers, branching: 4, leafSize: 3 },
  model: { ...PRESETS.default.model, patchSize: 8, windows: 2, width: 16, feedForwardWidth: 24, heads: 2, layers: 2 },
  training: { ...PRESETS.default.training, batchSize: 8, seeSteps: 3 },
  text: { ...PRESETS.default.text, tokens: 16, layers: 1, batchSize: 8, steps: 3 },
  retrieval: { exactUpTo: 0, beam: 4 },
};
const quiet = { reporter: silentReporter, device: 'cpu' as const };

/** A disc whose place and size depend on i, as PNG. */
export const disc = (fill: string, i: number): Promise<Buffer> =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="30" height="30"><rect width="30" height="30" fill="#eee"/><circle cx="${8 + (i % 9)}" cy="${9 + (i % 7)}" r="${5 + (i % 5)}" fill="${fill}"/></svg>`,
    ),
  )
    .png()
    .toBuffer();

/** Folders of pictures and their indexes, which are removed together. */
export class WrittenIndexes {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async create(): Promise<WrittenIndexes> {
    return new WrittenIndexes(await mkdtemp(join(tmpdir(), 'neurodex-written-')));
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }

  at(...path: readonly string[]): string {
    return join(this.root, ...path);
  }

  /** A folder of files, by path. */
  async draw(name: string, pictures: Readonly<Record<string, Buffer>>): Promise<Dataset> {
    for (const [path, bytes] of Object.entries(pictures)) {
      await mkdir(dirname(this.at(name, path)), { recursive: true });
      await writeFile(this.at(name, path), bytes);
    }
    return await openFolder(this.at(name));
  }

  make(
    dataset: Dataset,
    out: string,
    changes: Partial<Pick<Config, 'encoder' | 'training' | 'text'>> = {},
    systems: readonly SystemName[] = ['dsi'],
  ) {
    const config = { ...SMALL_WRITE, ...changes };
    return createIndex({ dataset, out: this.at(out), config, systems, seed: 1, force: false, ...quiet });
  }

  async search(index: string, file: string, k: number) {
    const asked = { index: this.at(index), files: [this.at(file)], k, system: 'dsi' } as const;
    return (await searchIndex({ ...asked, ...quiet })).results[0]?.answers ?? [];
  }

  async measures(index: string) {
    return (await evaluateIndex({ index: this.at(index), split: 'test', ...quiet })).systems;
  }
}

/** Every picture of the catalogue once, none of them impossible; the probabilities of all are 1 together. */
export function expectAll(answers: Awaited<ReturnType<WrittenIndexes['search']>>, N: number): void {
  expect(new Set(answers.map(({ picture }) => picture)).size).toBe(N);
  expect(answers.every(({ score }) => Number.isFinite(score))).toBe(true);
  expect(answers.reduce((sum, { score }) => sum + Math.exp(score), 0)).toBeCloseTo(1, 4);
}
