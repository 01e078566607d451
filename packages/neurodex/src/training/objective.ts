import type { Random } from '@neurodex/autograd';
import type { ObjectiveGraph } from '../dsi/graphs/training.ts';
import type { PrefixTable } from '../dsi/model/prefix-table.ts';
import type { TargetArrays } from './batches.ts';

/** Catalogue rows that a query should give. */
export interface Target {
  readonly relevant: readonly number[];
  /** The one among them that is the query itself, and its weight among the targets; the others share the rest alike. */
  readonly self?: { readonly row: number; readonly weight: number };
}

/** The targets of a batch, and its loss. */
export interface Objective extends ObjectiveGraph {
  allocate(batch: number): TargetArrays;
  /** Takes all targets out. */
  clear(arrays: TargetArrays): void;
  /** Writes the target of query b of B. */
  setTarget(target: Target, arrays: TargetArrays, b: number, random: Random): void;
}

/** The identifiers of a catalogue as training needs them. */
export interface IdentifierTable {
  readonly table: PrefixTable;
  /** M */
  readonly length: number;
  /** Identifiers of catalogue pictures, by row. */
  readonly identifiers: ReadonlyMap<number, string>;
}

export function unknownRow(row: number): never {
  throw new RangeError(`row ${row} is not in the catalogue`);
}
