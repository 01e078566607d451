import { join } from 'node:path';
import type { Reporter } from '@neurodex/core';
import type { Dataset } from '@neurodex/datasets';
import { openEmoji, openFolder } from '@neurodex/datasets';
import { resolveConfiguration } from '../packages/neurodex/src/cli/configuration.ts';
import type { Config } from '../packages/neurodex/src/config.ts';
import { openSource } from '../packages/neurodex/src/jobs/open-source.ts';
import { photographViews } from './bovw-pictures.ts';

/** What the identifiers of a cell are: an order of the scheme `numeric`, another scheme, or paths in a tree of the network's own states. */
export const IDENTIFIERS = {
  clustered: ['identifiers.order=clustered'],
  random: ['identifiers.order=random'],
  semantic: ['identifiers.scheme=semantic'],
  written: [],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type Identifiers = keyof typeof IDENTIFIERS;

/** One index that is trained and measured. */
export interface Cell {
  readonly pictures: PicturesName;
  /** Pictures in all for Fashion-MNIST, things to tell apart for emoji, 0 for photographs: all there are. */
  readonly size: number;
  readonly identifiers: Identifiers;
  readonly seed: number;
}

export const cellName = ({ pictures, size, identifiers, seed }: Cell): string =>
  `${pictures}${size === 0 ? '' : ` ${size}`}, ${identifiers}, seed ${seed}`;
export const cellFolder = ({ pictures, size, identifiers, seed }: Cell): string =>
  `${pictures}-${size}-${identifiers}-${seed}`;

interface Pictures {
  /** Of identifiers that are written; others are trained as the preset `joint` says. */
  readonly written: 'default' | 'demo';
  /** Sizes unless --sizes says others. */
  readonly sizes: readonly number[];
  /** Settings at a size, as --set takes them. */
  settings(size: number): readonly string[];
  /** In place of those, of identifiers that are written. */
  writtenSettings?(size: number): readonly string[];
  open(size: number, config: Config, context: OpenContext): Promise<Dataset>;
}

interface OpenContext {
  readonly seed: number;
  readonly folder: string;
  readonly photographs: string | undefined;
  readonly reporter: Reporter;
}

/** Where the pictures of a cell come from, and what training is given to learn them. */
export const PICTURES = {
  'fashion-mnist': {
    written: 'default',
    sizes: [512],
    settings: (size) => [
      'pictures.size=28',
      'model.patchSize=4',
      `training.batchSize=${BATCH}`,
      'training.validateEvery=200',
      'training.patience=0',
      `dataset.maxPictures=${size}`,
      ...bothTasks(Math.ceil(size / 4), stepsFor(size)),
    ],
    writtenSettings: (size) => ['pictures.size=32', 'model.patchSize=16', `dataset.maxPictures=${size}`],
    open: async (_, config, { seed, reporter }) =>
      (
        await openSource({
          source: 'fashion-mnist',
          path: join(process.cwd(), 'fashion-mnist'),
          config,
          seed,
          environment: process.env,
          reporter,
        })
      ).dataset,
  },
  emoji: {
    written: 'demo',
    sizes: [256],
    settings: (size) => [...DRAWINGS, `training.indexingEpochs=${emojiEpochs(size)}`],
    writtenSettings: () => [],
    open: (concepts, _, { seed, reporter }) => openEmoji({ concepts, seed, reporter }),
  },
  photographs: {
    written: 'default',
    sizes: [0],
    settings: () => ['training.indexingEpochs=100', 'training.patience=0'],
    async open(_, __, { folder, photographs }) {
      if (photographs === undefined) throw new Error('--pictures photographs needs --photographs FOLDER');
      const views = join(folder, 'views');
      await photographViews(photographs, views, VIEWS);
      return openFolder(views);
    },
  },
} as const satisfies Readonly<Record<string, Pictures>>;
export type PicturesName = keyof typeof PICTURES;

/** Of the preset `joint` for drawings: they are augmented as those of the demo. */
const DRAWINGS = ['training.batchSize=48', 'augmentation.scale=0.3', 'augmentation.colour=0.5', 'augmentation.hue=30'];
/** Of two drawings of each thing; fewer where that would take more than 10,000 steps. */
const emojiEpochs = (concepts: number): number => Math.min(206, Math.round(60_000 / concepts));

/** The split of the notebook, by which all identifiers are measured: a quarter of each class is the catalogue, the others are queries. */
const QUARTER = ['split.retrievalFraction=0.75', 'split.validationFraction=0.05', 'split.testFraction=0.1'];
/** Views of each photograph. */
const VIEWS = 40;

/** Of training on Fashion-MNIST: 1,000 steps for 512 pictures, 2,000 for 2,048. */
const stepsFor = (size: number): number => Math.round(1000 * Math.sqrt(size / 512));
const BATCH = 32;
/** Times that every catalogue picture is asked for nothing but its own identifier: enough to memorise it. */
const PASSES = 24;

/** As much of each batch for the indexing task as makes its passes over N pictures; the rest is left to retrieval. */
function bothTasks(N: number, steps: number): string[] {
  const indexing = Math.max(2, Math.round((PASSES * N) / steps));
  return [`training.retrievalShare=${1 - indexing / BATCH}`, `training.indexingEpochs=${(steps * indexing) / N}`];
}

export async function openCell(
  { pictures, size, identifiers, seed }: Cell,
  context: Omit<OpenContext, 'seed'> & { readonly settings: readonly string[] },
): Promise<{ readonly dataset: Dataset; readonly config: Config }> {
  const declaration: Pictures = PICTURES[pictures];
  const { written, settings, writtenSettings = settings } = declaration;
  const isWritten = identifiers === 'written';
  const config = await resolveConfiguration({
    preset: isWritten ? written : 'joint',
    settings: [
      ...QUARTER,
      ...(isWritten ? writtenSettings : settings)(size),
      ...IDENTIFIERS[identifiers],
      ...context.settings,
    ],
    cwd: process.cwd(),
  });
  return { config, dataset: await declaration.open(size, config, { ...context, seed }) };
}
