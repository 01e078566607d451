import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Device } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { Reporter } from '@neurodex/core';
import { captionOf } from '@neurodex/core';
import { createFolder, refusePlace } from '@neurodex/core/storage';
import type { Dataset } from '@neurodex/datasets';
import { type EmojiOptions, openEmoji } from '@neurodex/datasets';
import type { TrackedEvent, TrackingRequest } from '@neurodex/tracking';
import type { Comparison } from '../evaluation/compare.ts';
import { evaluateSystems } from '../evaluation/compare.ts';
import { queriesOf } from '../evaluation/queries.ts';
import { pictureTexts } from '../pictures/picture-texts.ts';
import { PRESETS, type PresetName } from '../presets/presets.ts';
import { contactSheet, type SheetRow } from '../report/contact-sheet.ts';
import { learningCurve } from '../report/learning-curve.ts';
import { measuresTable } from '../report/table.ts';
import { type Index, openIndex } from '../systems/open-index.ts';
import { systemsFor } from '../systems/systems.ts';
import { createIndex } from './create-index.ts';

export interface DemoOptions {
  /** Folder for the index, the pictures of its answers and its learning curve. */
  readonly out: string;
  /** Things to tell apart; each has two catalogue pictures. */
  readonly concepts: number;
  readonly seed: number;
  /** The demo's own by default. */
  readonly preset?: PresetName;
  readonly force: boolean;
  readonly device: Device;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
  /** Trackers besides the run log; none by default. */
  readonly tracking?: TrackingRequest;
  /** Gives the pictures; emoji from npm by default. */
  readonly openDataset?: (options: EmojiOptions) => Promise<Dataset>;
}

export interface DemoResult {
  readonly evaluation: Comparison;
  /** Files, as paths below `out`. */
  readonly contactSheet: string;
  readonly learningCurve: string;
  readonly index: string;
  /** A picture of the unseen artist to search with. */
  readonly tryNext: string;
  /** Words that say what that picture shows, where the index takes words. */
  readonly tryWords?: string | undefined;
}

const INDEX = 'index';
const QUERIES = 'queries';
const CONTACT_SHEET = 'contact-sheet.png';
const LEARNING_CURVE = 'learning-curve.svg';
const MEASURES = 'measures.txt';
/** The demo's folder is known by this file, which `force` looks for. */
const MARKER = MEASURES;

const SHEET_ROWS = 10;
const ANSWERS = 5;

/**
 * Find the same thing drawn by another hand: indexes the emoji of two artists, learns from the drawings of others, and is
 * measured on an artist it has never seen.
 * @throws NeurodexError `package-unavailable`, `output-exists`, `usage` for more concepts than there are
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { concepts, seed, reporter, signal, force } = options;
  const out = resolve(options.out);
  const stop = signal === undefined ? {} : { signal };
  await refusePlace(out);
  const folder = { force, marker: MARKER, ...stop };
  const evaluation = await createFolder(out, folder, async (temporary) => {
    const dataset = await (options.openDataset ?? openEmoji)({ concepts, seed, reporter, ...stop });
    const config = PRESETS[options.preset ?? 'demo'];
    const indexFolder = join(temporary, INDEX);
    const told = options.openDataset === undefined ? withoutCopies(reporter) : reporter;
    const build = { ...options, dataset, config, out: indexFolder, reporter: told };
    await createIndex({ ...build, force: false, keepUnfinished: false });
    const index = await openIndex(indexFolder, nodeRuntime({ device: options.device }));
    try {
      return await show(index, temporary, reporter);
    } finally {
      await index.close();
    }
  });
  return {
    evaluation: evaluation.comparison,
    contactSheet: join(out, CONTACT_SHEET),
    learningCurve: join(out, LEARNING_CURVE),
    index: join(out, INDEX),
    tryNext: join(out, QUERIES, evaluation.tryNext),
    tryWords: evaluation.tryWords,
  };
}

/** Two artists draw the same new moon, which whoever runs the demo cannot mend; `inspect` counts it. */
export const withoutCopies = (reporter: Reporter): Reporter => ({
  progress: (event) => reporter.progress(event),
  info: (message) => reporter.info(message),
  warn(message, details) {
    if (details?.copies === undefined) reporter.warn(message, details);
  },
});

/** Measures, and everything that a person looks at afterwards. */
async function show(
  index: Index,
  folder: string,
  reporter: Reporter,
): Promise<{ comparison: Comparison; tryNext: string; tryWords: string | undefined }> {
  const { store } = index;
  const systems = await systemsOf(index);
  const comparison = await evaluateSystems({ systems, store, queries: queriesOf(store, 'test'), reporter });
  await writeFile(join(folder, MEASURES), `${measuresTable(comparison.systems, comparison.intervals)}\n`);
  await writeFile(join(folder, CONTACT_SHEET), await contactSheet({ rows: await sheetRows(index) }));
  const log = await index.log();
  const events = log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TrackedEvent);
  await writeFile(join(folder, LEARNING_CURVE), learningCurve(events));
  const [first] = store.queries('test');
  const tryWords = index.manifest.text === undefined || first === undefined ? undefined : pictureTexts(first).labels[0];
  return { comparison, tryNext: await writeQueries(index, folder), tryWords };
}

const systemsOf = (index: Index) =>
  Promise.all(systemsFor('picture', index.manifest).map((name) => index.system(name)));

/** Evenly spread test queries, with the first answers of each system. */
async function sheetRows(index: Index): Promise<SheetRow[]> {
  const { store: catalogue } = index;
  const queries = queriesOf(catalogue, 'test');
  const test = catalogue.queries('test');
  const count = Math.min(SHEET_ROWS, queries.length);
  const ranking = await systemsOf(index);
  return await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const at = Math.floor((i * queries.length) / count);
      const [query, picture] = [queries[at], test[at]];
      if (query === undefined || picture === undefined) throw new RangeError(`no test query ${at}`);
      const thumbnail = await catalogue.png(picture.row);
      const systems = await Promise.all(
        ranking.map(async (system) => {
          const [answers = []] = await system.rank([query], ANSWERS);
          const found = await Promise.all(answers.map(({ row: answer }) => catalogue.png(answer)));
          return {
            name: system.name,
            answers: answers.map(({ row }, rank) => ({
              picture: found[rank] ?? new Uint8Array(),
              right: query.relevant.has(row),
            })),
          };
        }),
      );
      return { query: thumbnail, caption: captionOf(picture), systems };
    }),
  );
}

/** The test queries as files, to search with. @returns the name of the first */
async function writeQueries(index: Index, folder: string): Promise<string> {
  const test = index.store.queries('test');
  const thumbnails = await Promise.all(test.map(({ row }) => index.store.png(row)));
  await mkdir(join(folder, QUERIES));
  const names = test.map(({ labels, path }) => `${labels[0] ?? 'query'}-${path.split('/').at(-1)}`);
  for (const [i, name] of names.entries())
    await writeFile(join(folder, QUERIES, name), thumbnails[i] ?? new Uint8Array());
  return names[0] ?? '';
}
