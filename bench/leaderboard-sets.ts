import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { type Dataset, openEmoji, type Role, type SourcePicture } from '@neurodex/datasets';
import { resolveConfiguration } from '../packages/neurodex/src/cli/configuration.ts';
import type { Config } from '../packages/neurodex/src/config.ts';
import { createIndex } from '../packages/neurodex/src/jobs/create-index.ts';
import { openSource } from '../packages/neurodex/src/jobs/open-source.ts';
import { type Index, openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { fashionMissing } from './fashion-files.ts';
import { openPictureFiles, writePictureFiles } from './leaderboard-files.ts';
import { type PatchCount, RECIPES, type Recipe } from './leaderboard-recipes.ts';

/** Pictures, and the quality that every recipe has to reach on them. */
export interface LeaderboardSet {
  readonly preset: 'default' | 'demo';
  /** Of the size of the pictures, for every recipe. */
  readonly settings: readonly string[];
  /** Edges of patches by how many there are in a picture. */
  readonly patches: Readonly<Record<PatchCount, number>>;
  /** AP@10 that has to be reached. */
  readonly quality: number;
  open(): Promise<Dataset>;
  /** Why there are no pictures; undefined where there are. */
  missing(): string | undefined;
}

const FASHION = ['pictures.size=32'];
/** Of each class: a quarter of the pictures that the network sees are the catalogue. */
const TEST = 100;
const VALIDATION = 2;
const CONCEPTS = 256;

/** The sets by the names that --sets takes. */
export const SETS = {
  'fashion-2048': {
    preset: 'default',
    settings: FASHION,
    patches: { sixteen: 8, some: 16, four: 16 },
    quality: 0.156,
    missing: fashionMissing,
    open: () => fashion(2048),
  },
  emoji: {
    preset: 'demo',
    settings: [],
    patches: { sixteen: 12, some: 16, four: 24 },
    quality: 0.35,
    missing: () => undefined,
    open: () => openEmoji({ concepts: CONCEPTS, seed: 0, reporter: silentReporter }),
  },
  'fashion-15000': {
    preset: 'default',
    settings: FASHION,
    patches: { sixteen: 8, some: 16, four: 16 },
    quality: 0.02,
    missing: fashionMissing,
    open: () => fashion(15_000),
  },
} as const satisfies Readonly<Record<string, LeaderboardSet>>;
export type SetName = keyof typeof SETS;

/** Pictures of all ten classes alike: so many that the network sees, and the queries behind them. */
async function fashion(seen: number): Promise<Dataset> {
  const config = await configOf(SETS['fashion-2048'], RECIPES.now);
  const { dataset } = await openSource({
    source: 'fashion-mnist',
    path: join(process.cwd(), 'fashion-mnist'),
    config,
    seed: 0,
    environment: process.env,
    reporter: silentReporter,
  });
  const each = Math.round(seen / 10);
  const counts: readonly (readonly [Role, number])[] = [
    ['catalogue', Math.round(each / 4)],
    ['train', each - Math.round(each / 4)],
    ['validation', VALIDATION],
    ['test', TEST],
  ];
  const roles = counts.flatMap(([role, count]) => Array.from({ length: count }, () => role));
  const taken = new Map<string, number>();
  const pictures: SourcePicture[] = [];
  for (const picture of Random.stream(0, 'leaderboard').shuffled(dataset.pictures)) {
    const [label = ''] = picture.labels;
    const number = taken.get(label) ?? 0;
    const role = roles[number];
    if (role === undefined) continue;
    taken.set(label, number + 1);
    pictures.push({ ...picture, role });
  }
  return { ...dataset, pictures };
}

/** The configuration of a set under a recipe. */
export const configOf = (
  { preset, settings, patches }: LeaderboardSet,
  recipe: Pick<Recipe, 'patches' | 'settings'>,
): Promise<Config> => {
  const patch = `model.patchSize=${patches[recipe.patches]}`;
  return resolveConfiguration({ preset, settings: [...settings, patch, ...recipe.settings], cwd: process.cwd() });
};

/** The settings with which stages are timed: the network sees for one step, and what no recipe changes takes what it takes. */
export const ONE_STEP = ['training.seeSteps=1'];

/** The pictures of a set in files, which are written once. @returns their folder */
export async function pictureFiles(name: SetName, folder: string): Promise<string> {
  const files = join(folder, `${name}.pictures`);
  await writePictureFiles(SETS[name].open, files);
  return files;
}

/** An index of the set that saw for one step: it has the pixels that all recipes are trained with. */
export async function openSet(name: SetName, folder: string): Promise<Index> {
  const out = join(folder, `${name}.index`);
  if (!existsSync(out)) {
    await createIndex({
      dataset: await openPictureFiles(await pictureFiles(name, folder)),
      out,
      config: await configOf(SETS[name], { patches: 'four', settings: ONE_STEP }),
      systems: ['dsi'],
      seed: 0,
      force: true,
      device: 'cpu',
      reporter: silentReporter,
    });
  }
  return await openIndex(out, nodeRuntime());
}
