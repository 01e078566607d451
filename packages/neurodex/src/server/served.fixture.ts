import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import sharp from 'sharp';
import type { Config } from '../config.ts';
import { createIndex } from '../jobs/create-index.ts';
import { SMALL_WRITE } from '../jobs/written-indexes.fixture.ts';
import { PRESETS } from '../presets/presets.ts';
import type { SystemName } from '../query/system.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import type { Ranker } from './ranker.ts';
import type { ServerOptions } from './server-options.ts';
import { type Serving, startServer } from './start-server.ts';

/** Small indexes of coloured circles, and servers of them. */

const config: Config = {
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: 16, thumbnail: 96 },
  split: { retrievalFraction: 0.5, validationFraction: 0.2, testFraction: 0.4 },
  model: { ...PRESETS.quick.model, patchSize: 8, width: 16, feedForwardWidth: 16, layers: 2 },
  training: { ...PRESETS.quick.training, batchSize: 8, indexingEpochs: 1, validateEvery: 100 },
  bovw: { ...PRESETS.quick.bovw, words: 4, restarts: 1 },
};
const COLOURS = ['#d33', '#3a3', '#33d'];
const EDGE = 120;

/** A picture file of one of three classes, EDGE pixels wide. */
export const circle = (colour: number, i: number): Promise<Buffer> =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${EDGE}" height="${EDGE}"><rect width="${EDGE}" height="${EDGE}" fill="#fff"/><circle cx="${30 + 4 * (i % 20)}" cy="${30 + 3 * (i % 20)}" r="${10 + 2 * (i % 4) + Math.floor(i / 20)}" fill="${COLOURS[colour % 3]}"/><rect x="${80 - 3 * (i % 20)}" y="80" width="20" height="9"/></svg>`,
    ),
  )
    .png()
    .toBuffer();

/** Makes `<root>/<name>` of 36 pictures, or `each` of each class. @param classes false: a flat folder, whose pictures are all in the catalogue */
export async function makeIndex(
  root: string,
  name: string,
  {
    classes = true,
    systems = ['dsi', 'pixels'],
    encoder = {},
    written = false,
    each = 12,
    captions = false,
  }: {
    classes?: boolean;
    systems?: readonly SystemName[];
    encoder?: Partial<Config['encoder']>;
    /** With a written memory, so that pictures can come and go. */
    written?: boolean;
    /** From 40 on it is calibrated. */
    each?: number;
    /** A caption for each picture, that no other has: with 40 of each class, words are calibrated too. */
    captions?: boolean;
  } = {},
): Promise<string> {
  const source = join(root, `pictures of ${name}`);
  for (let colour = 0; colour < 3; colour++) {
    const folder = classes ? join(source, `class ${colour}`) : source;
    await mkdir(folder, { recursive: true });
    for (let i = 0; i < each; i++) await writeFile(join(folder, `${colour}-${i}.png`), await circle(colour, i));
  }
  const out = join(root, name);
  const folder = await openFolder(source);
  const told = ({ labels: [label] }: { labels: readonly string[] }, i: number) => [`a circle of ${label}, ${i}`];
  const pictures = folder.pictures.map((picture, i) =>
    captions ? { ...picture, captions: told(picture, i) } : picture,
  );
  const dataset = { ...folder, pictures };
  const base = written ? { ...SMALL_WRITE, pictures: config.pictures, bovw: config.bovw } : config;
  const changed = { ...base, encoder: { ...base.encoder, ...encoder } };
  await createIndex({
    dataset,
    out,
    config: changed,
    systems,
    seed: 1,
    force: false,
    device: 'cpu',
    reporter: silentReporter,
  });
  return out;
}

export type TestServerOptions = Partial<Omit<ServerOptions, 'limits'>> & {
  readonly limits?: Partial<Limits>;
  /** Collects faults. */
  readonly faults?: string[];
};

/** A server on a free port. */
export function serveForTest(
  indexes: readonly string[],
  { limits, faults, ...options }: TestServerOptions = {},
): Promise<Serving> {
  return startServer({
    indexes,
    port: 0,
    host: '127.0.0.1',
    cors: [],
    allowHosts: [],
    limits: { ...DEFAULT_LIMITS, ...limits },
    device: 'cpu',
    cores: 2,
    pages: join(indexes[0] ?? '', 'no pages'),
    reporter: { ...silentReporter, warn: (message) => void faults?.push(message) },
    reports: { ask: async () => ({ status: 'measuring', done: 3, total: 10 }), close: async () => {} },
    ...options,
  });
}

/** A ranker that answers when it is told to: with row 0, for the first is always in the catalogue of the tests' indexes. */
export interface HeldRanker {
  readonly make: () => Ranker;
  /** Batches that wait, by their number of queries. */
  readonly held: () => readonly number[];
  /** Lets what waits go on; what comes after does not wait any more. */
  release(): void;
  /** From now on batches wait. */
  hold(): void;
}

/** @param fail what searches end with; undefined: nothing */
export function heldRanker(fail?: () => Error | undefined): HeldRanker {
  let holding = false;
  let waiting: { queries: number; go: () => void }[] = [];
  return {
    make: () => ({
      async rank(_system, queries, k) {
        if (holding) await new Promise<void>((go) => waiting.push({ queries: queries.length, go }));
        const failure = k > 1 ? fail?.() : undefined;
        if (failure !== undefined) throw failure;
        return queries.map(() => ({ answers: [{ row: 0, score: -1 }], none: undefined }));
      },
      nones: async (queries) => queries.map(() => undefined),
      explain: async () => [],
      close: async () => {},
    }),
    held: () => waiting.map(({ queries }) => queries),
    hold: () => {
      holding = true;
    },
    release() {
      holding = false;
      const all = waiting;
      waiting = [];
      for (const { go } of all) go();
    },
  };
}
