import { evidenceOf, type KnownClasses } from './known-classes.ts';
import { type LogisticModel, predictLogistic } from './logistic.ts';
import { type Projection, project } from './principal-components.ts';

/** Blocks of a vector: what the network or an encoder makes of a picture, and its appearance. */
export interface Block {
  readonly name: 'state' | 'embedding' | 'appearance';
  readonly length: number;
  /** What its numbers are multiplied with, so that each block has a variance of its own, however long it is. */
  readonly scale: number;
}

/** The outcome that nothing in the catalogue is relevant to a picture. */
export interface NoneModel {
  readonly blocks: readonly Block[];
  readonly projection: Projection;
  readonly known: KnownClasses;
  /** `evidenceOf` → probability that the query is like something in the catalogue, where both are as likely. */
  readonly model: LogisticModel;
}

/** Blocks of one picture as one vector, float32 [F]. @param values in the order of `blocks` */
export function joinBlocks(blocks: readonly Block[], values: readonly ArrayLike<number>[]): Float32Array {
  const out = new Float32Array(blocks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const [i, { length, scale }] of blocks.entries()) {
    for (let j = 0; j < length; j++) out[at + j] = scale * (values[i]?.[j] ?? NaN);
    at += length;
  }
  return out;
}

/** Probability that nothing is relevant to a picture, at even odds. @param vector as `joinBlocks` makes it */
export function noneProbability({ projection, known, model }: NoneModel, vector: Float32Array): number {
  return 1 - predictLogistic(model, evidenceOf(known, project(projection, vector)));
}
