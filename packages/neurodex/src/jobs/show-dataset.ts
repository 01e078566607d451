import { join, resolve } from 'node:path';
import type { Reporter } from '@neurodex/core';
import { NeurodexError, visibleName } from '@neurodex/core';
import {
  makeFolder,
  refuseForeignFile,
  refuseSource,
  throwIfInterrupted,
  writeMarkedFile,
} from '@neurodex/core/storage';
import type { Dataset, LicenceNotice, PictureObject, SkippedFile, SourcePicture } from '@neurodex/datasets';
import {
  applyRules,
  classesOf,
  type DatasetWarning,
  largestClasses,
  layoutOf,
  reportDataset,
  type SkippedKind,
  skippedKinds,
} from '@neurodex/datasets';
import { decodePicture } from '@neurodex/datasets/image';
import { fingerprintOf } from '../build/fingerprint.ts';
import { checkConfig } from '../check-config.ts';
import type { Config } from '../config.ts';
import { examplesSheet, type SheetExample } from '../report/examples-sheet.ts';
import { markedPng } from '../report/marked-png.ts';
import { patchesPicture } from '../report/patches-picture.ts';

/** Files that are drawn. */
const DRAWN = ['examples.png', 'patches.png'] as const;

export interface ShowDatasetOptions {
  readonly dataset: Dataset;
  readonly config: Config;
  /** How many pictures are shown. */
  readonly examples: number;
  /** Folder for `examples.png` and `patches.png`; nothing is drawn by default. */
  readonly out?: string;
  /** Whether all of it is read for a digest of its contents. */
  readonly fingerprint?: boolean;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
}

export interface ShownExample {
  readonly picture: string;
  readonly labels: readonly string[];
  readonly captions: readonly string[];
  /** `box` is left, top, width and height in pixels of the picture as published. */
  readonly objects: readonly PictureObject[];
}

export interface DatasetFacts {
  readonly dataset: string;
  readonly source: string;
  /** SHA-256 of all that it holds, wherever it lies; null unless asked for. */
  readonly fingerprint: string | null;
  /** Taken by the rules of the configuration, of all that there are. */
  readonly pictures: number;
  readonly of: number;
  /** Largest first. */
  readonly classes: readonly { readonly name: string; readonly pictures: number }[];
  readonly captions: number;
  readonly objects: number;
  /** As the model sees each picture: edge, patch edge and number of patches. */
  readonly model: { readonly size: number; readonly patchSize: number; readonly patches: number };
  readonly skipped: readonly SkippedFile[];
  /** The same, counted by reason. */
  readonly skippedKinds: readonly SkippedKind[];
  /** How the source was read, where it could have been otherwise. */
  readonly layout: readonly string[];
  /** What is doubtful about its classes and layout. */
  readonly warnings: readonly DatasetWarning[];
  readonly notices: readonly LicenceNotice[];
  readonly examples: readonly ShownExample[];
  /** Absolute paths of what was drawn. */
  readonly files: readonly string[];
}

/**
 * What a data set holds, by the rules of the configuration, with examples; drawn on request.
 * @throws NeurodexError `source-*`, `config-invalid`, `output-unwritable`, `disk-full`, `interrupted`
 */
export async function showDataset(options: ShowDatasetOptions): Promise<DatasetFacts> {
  const { config, out, signal } = options;
  checkConfig(config);
  if (out !== undefined) {
    await refuseSource(out, [options.dataset.source]);
    for (const name of DRAWN) await refuseForeignFile(join(out, name));
  }
  const dataset = await applyRules(options.dataset, config.dataset, options);
  const { pictures } = dataset;
  const warnings = reportDataset(dataset, options.reporter);
  const chosen = spread(pictures, options.examples);
  const drawn = out === undefined ? { files: [], skipped: [] } : await draw(dataset, chosen, resolve(out), options);
  throwIfInterrupted(signal);
  const { size } = config.pictures;
  const { patchSize } = config.model;
  const skipped = [...dataset.skipped, ...drawn.skipped];
  const total = (count: (picture: SourcePicture) => number): number =>
    pictures.reduce((sum, each) => sum + count(each), 0);
  return {
    dataset: dataset.name,
    source: dataset.source,
    fingerprint: options.fingerprint ? (await fingerprintOf(options.dataset, options)).sha256 : null,
    pictures: pictures.length,
    of: options.dataset.pictures.length,
    classes: largestClasses(classesOf(pictures), { least: 1, wanted: Number.POSITIVE_INFINITY }).map(
      ([name, members]) => ({ name, pictures: members.length }),
    ),
    captions: total(({ captions = [] }) => captions.length),
    objects: total(({ objects = [] }) => objects.length),
    model: { size, patchSize, patches: (size / patchSize) ** 2 },
    skipped,
    skippedKinds: skippedKinds(skipped),
    layout: layoutOf(dataset),
    warnings,
    notices: dataset.notices,
    examples: chosen.map(({ path, labels, captions = [], objects = [] }) => ({
      picture: path,
      labels,
      captions,
      objects,
    })),
    files: drawn.files,
  };
}

/** Pictures from all over the data set: the classes take turns, the largest first. */
function spread(pictures: readonly SourcePicture[], wanted: number): SourcePicture[] {
  const classes = largestClasses(classesOf(pictures), { least: 1, wanted: Number.POSITIVE_INFINITY });
  const queues = classes.length > 0 ? classes.map(([, members]) => members) : [pictures];
  const chosen = new Set<SourcePicture>();
  for (let turn = 0; chosen.size < Math.min(wanted, pictures.length); turn++) {
    const before = chosen.size;
    let left = false;
    for (const members of queues) {
      const picture = members[turn];
      left ||= turn + 1 < members.length;
      if (picture !== undefined && chosen.size < wanted) chosen.add(picture);
    }
    if (!left && chosen.size === before) break;
  }
  return [...chosen];
}

async function draw(
  dataset: Dataset,
  chosen: readonly SourcePicture[],
  out: string,
  { config, reporter, signal }: ShowDatasetOptions,
): Promise<{ files: string[]; skipped: SkippedFile[] }> {
  const skipped: SkippedFile[] = [];
  const examples: SheetExample[] = [];
  let patches: Uint8Array | undefined;
  let done = 0;
  for (const { path, labels, captions, objects, read } of chosen) {
    throwIfInterrupted(signal);
    try {
      const bytes = await read();
      const options = { size: config.pictures.size, maxPixels: config.pictures.maxPixels, name: path };
      const { pixels } = await decodePicture(bytes, options);
      patches ??= await patchesPicture(pixels, config.pictures.size, config.model.patchSize);
      const caption = captions?.[0];
      examples.push({
        picture: bytes,
        label: labels.length > 0 ? labels.map(visibleName).join(', ') : path,
        ...(caption === undefined ? {} : { caption }),
        boxes: (objects ?? []).map(({ category, box, crowd }) => ({ label: visibleName(category), box, crowd })),
      });
    } catch (error) {
      if (!(error instanceof NeurodexError && error.code.startsWith('picture-'))) throw error;
      skipped.push({ path, reason: error.message.replace(`${path} `, '') });
      reporter.warn(`skipped ${path}: ${error.message}`, { path });
    }
    reporter.progress({ phase: 'examples', done: ++done, total: chosen.length, unit: 'pictures' });
  }
  if (patches === undefined) {
    throw new NeurodexError(
      'source-unusable',
      `none of ${chosen.length} pictures of ${dataset.source} can be decoded`,
      {
        hint: 'see the warnings for the reason of each',
        details: { source: dataset.source },
      },
    );
  }
  await makeFolder(out);
  const title = `${dataset.name}: ${examples.length} of ${dataset.pictures.length} pictures`;
  const files = DRAWN.map((name) => join(out, name));
  await writeMarkedFile(files[0] as string, markedPng(await examplesSheet({ title, examples })));
  await writeMarkedFile(files[1] as string, markedPng(patches));
  return { files, skipped };
}
