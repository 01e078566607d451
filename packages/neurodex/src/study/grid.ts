import { createHash } from 'node:crypto';
import { NeurodexError } from '@neurodex/core';
import { JsonProblem, readJson, schemaProblem, whyUnreadable } from '@neurodex/core/json';
import { refuseSpecialFile } from '@neurodex/core/storage';
import { closest } from 'fastest-levenshtein';
import { z } from 'zod';
import { IDENTIFIER_ORDERS, type IdentifierOrder } from '../config.ts';
import { parseMeasure } from '../evaluation/registry.ts';
import { SYSTEM_NAMES, type SystemName } from '../query/system.ts';

/** How the DSI is trained: for indexing alone, or for both tasks. The words are those of the report it is compared with. */
export const TRAININGS = ['fine-tuned', 'zero-shot'] as const;
export type StudyTraining = (typeof TRAININGS)[number];

/** Configuration keys and values, as `--set` takes them. */
const settings = z.record(z.string().regex(/^[\w.]+$/), z.union([z.string(), z.number(), z.boolean()]));
const distinct = <T>(values: readonly T[]): boolean =>
  new Set(values.map((v) => JSON.stringify(v))).size === values.length;
const listOf = <T extends z.ZodType>(item: T) => z.array(item).min(1).refine(distinct, 'a value stands there twice');

const gridSchema = z.strictObject({
  /** As `neurodex index` takes it, with the flags that go with it. */
  source: z.string().min(1),
  flags: z.array(z.string()).default([]),
  preset: z.string().optional(),
  settings: settings.default({}),
  /** Pictures taken of the data set, catalogue and queries together; each may have settings of its own. */
  sizes: listOf(z.strictObject({ pictures: z.int().min(8), settings: settings.default({}) })),
  orders: listOf(z.enum(IDENTIFIER_ORDERS)),
  trainings: listOf(z.enum(TRAININGS)),
  systems: listOf(z.enum(SYSTEM_NAMES)),
  seeds: listOf(z.int().min(0)),
  measures: listOf(z.string()),
});

/** What a study varies: every size × order × training × seed for the DSI, every size × seed for the baselines. */
export type StudyGrid = Readonly<z.infer<typeof gridSchema>>;

/** One training or one build of baselines, and what is measured of it. */
export interface StudyCell {
  readonly pictures: number;
  readonly seed: number;
  readonly systems: readonly SystemName[];
  /** Of the DSI; the baselines know no identifiers and no training. */
  readonly order?: IdentifierOrder;
  readonly training?: StudyTraining;
  /** All configuration keys that differ from the preset. */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

/** @throws NeurodexError `config-unreadable`, `config-unknown-key`, `config-invalid`, `usage` for a measure */
export async function readGrid(file: string): Promise<StudyGrid> {
  await refuseSpecialFile(file, 'config-unreadable');
  let value: unknown;
  try {
    value = await readJson(file);
  } catch (error) {
    const why = whyUnreadable(error);
    throw new NeurodexError(
      'config-unreadable',
      `${file} ${error instanceof JsonProblem ? why : `cannot be read: it ${why}`}`,
      {
        hint: 'name a JSON file that describes a study; docs/study.md has one',
        details: { file },
        cause: error,
      },
    );
  }
  const parsed = gridSchema.safeParse(value);
  if (!parsed.success) throw refusal(file, parsed.error);
  for (const measure of parsed.data.measures) parseMeasure(measure);
  return parsed.data;
}

function refusal(file: string, error: z.ZodError): NeurodexError {
  const [issue] = error.issues;
  const key = issue?.path.join('.') ?? '';
  if (issue?.code === 'unrecognized_keys') {
    const [unknown = ''] = issue.keys;
    const known = Object.keys(gridSchema.shape);
    return new NeurodexError(
      'config-unknown-key',
      `${file} has a key ${JSON.stringify(unknown)}${key === '' ? '' : ` in ${key}`} that no study has`,
      {
        hint: `did you mean ${closest(unknown, key === '' ? known : ['pictures', 'settings'])}?`,
        details: { file, key: unknown },
      },
    );
  }
  return new NeurodexError('config-invalid', `${file}: ${schemaProblem(error)}`, {
    hint: 'docs/study.md describes the keys of a study',
    details: { file, key },
  });
}

/** Every cell of a grid: seed by seed, so that a whole table is there early; small sizes first, baselines before the DSI. */
export function cellsOf(grid: StudyGrid): StudyCell[] {
  return grid.seeds.flatMap((seed) =>
    grid.sizes.flatMap(({ pictures, settings: own }) => {
      const common = { ...grid.settings, 'dataset.maxPictures': pictures, ...own };
      const baselines = grid.systems.filter((name) => name !== 'dsi');
      const cells: StudyCell[] = [];
      if (baselines.length > 0) cells.push({ pictures, seed, systems: baselines, settings: common });
      if (grid.systems.includes('dsi')) cells.push(...dsiCells(grid, { pictures, seed, settings: common }));
      return cells;
    }),
  );
}

const dsiCells = (
  { orders, trainings }: StudyGrid,
  { settings: common, ...cell }: Pick<StudyCell, 'pictures' | 'seed' | 'settings'>,
): StudyCell[] =>
  orders.flatMap((order) =>
    trainings.map((training) => ({
      ...cell,
      systems: ['dsi'],
      order,
      training,
      settings: {
        ...common,
        'identifiers.order': order,
        ...(training === 'zero-shot' ? { 'training.retrievalShare': 0, 'training.retrievalEpochs': 0 } : {}),
      },
    })),
  );

/**
 * What makes a result the answer to a cell: everything that could change it.
 * @param contents a digest of what the grid names: the pictures, an encoder (`contentsOf`)
 * @returns 16 hexadecimal digits
 */
export function cellKey({ source, flags, preset, measures }: StudyGrid, cell: StudyCell, contents: string): string {
  const sorted = Object.entries(cell.settings).sort(([a], [b]) => (a < b ? -1 : 1));
  const facts = [source, flags, preset ?? null, measures, cell.systems, cell.seed, sorted, contents];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}

/** 'size 512, seed 0, random identifiers, fine-tuned', or its baselines. */
export const cellName = ({ pictures, seed, systems, order, training }: StudyCell): string =>
  `size ${pictures}, seed ${seed}, ${order === undefined ? systems.join(' and ') : `${order} identifiers, ${training}`}`;
