import { IDENTIFIER_ORDERS, type IdentifierOrder } from '../config.ts';
import { SYSTEM_NAMES, type SystemName } from '../query/system.ts';
import { type StudyGrid, type StudyTraining, TRAININGS } from './grid.ts';
import { PUBLISHED } from './published.ts';
import type { StudyResult } from './results.ts';

/** A measure of one kind of index: over seeds where there are several, else over the queries of the one. */
export interface StudyMetric {
  readonly mean: number;
  /** 95 %. */
  readonly interval: readonly [low: number, high: number];
  /** In the report that is compared with; absent where it has none. */
  readonly published?: number;
}

export interface StudyRow {
  readonly pictures: number;
  readonly system: SystemName;
  readonly order?: IdentifierOrder;
  readonly training?: StudyTraining;
  readonly catalogue: number;
  readonly seeds: number;
  /** Of building and training, the mean over seeds. */
  readonly seconds: number;
  readonly metrics: Readonly<Record<string, StudyMetric>>;
}

/** Rows in the order of the table: by size, then system, training and order. Kinds without a result have no row. */
export function summarise(grid: StudyGrid, results: readonly StudyResult[]): StudyRow[] {
  const rows: StudyRow[] = [];
  for (const { pictures } of grid.sizes) {
    for (const system of [...SYSTEM_NAMES].reverse().filter((name) => grid.systems.includes(name))) {
      const kinds =
        system === 'dsi'
          ? TRAININGS.flatMap((training) => IDENTIFIER_ORDERS.map((order) => ({ training, order })))
          : [{}];
      for (const kind of kinds) {
        const found = results.filter(
          (result) =>
            result.pictures === pictures &&
            result.systems.includes(system) &&
            result.training === ('training' in kind ? kind.training : undefined) &&
            result.order === ('order' in kind ? kind.order : undefined),
        );
        if (found.length > 0) rows.push(rowOf(grid, pictures, system, kind, found));
      }
    }
  }
  return rows;
}

function rowOf(
  grid: StudyGrid,
  pictures: number,
  system: SystemName,
  kind: { readonly order?: IdentifierOrder; readonly training?: StudyTraining },
  found: readonly StudyResult[],
): StudyRow {
  const published = PUBLISHED.find(
    (row) =>
      row.pictures === pictures && row.system === system && row.order === kind.order && row.training === kind.training,
  )?.metrics;
  const metrics = grid.measures.flatMap((measure) => {
    const values = found.flatMap((result) => result.metrics[system]?.[measure] ?? []);
    if (values.length === 0) return [];
    const single = found[0]?.intervals[system]?.[measure];
    const interval = values.length > 1 ? overSeeds(values) : (single ?? [meanOf(values), meanOf(values)]);
    const theirs = published?.[measure];
    return [
      [measure, { mean: meanOf(values), interval, ...(theirs === undefined ? {} : { published: theirs }) }],
    ] as const;
  });
  return {
    pictures,
    system,
    ...kind,
    catalogue: found[0]?.catalogue ?? 0,
    seeds: found.length,
    seconds: meanOf(found.map(({ seconds }) => seconds)),
    metrics: Object.fromEntries(metrics),
  };
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Quantiles 0.975 of Student's t distribution, by degrees of freedom from 1. */
const T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12,
];
const NORMAL = 1.96;

/** The interval of Student (1908) for the mean over seeds, within what a measure can be. */
function overSeeds(values: readonly number[]): [number, number] {
  const mean = meanOf(values);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const half = (T[values.length - 2] ?? NORMAL) * Math.sqrt(variance / values.length);
  return [Math.max(0, mean - half), Math.min(1, mean + half)];
}
