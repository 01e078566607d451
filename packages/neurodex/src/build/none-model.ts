import type { Random } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import type { Relevance } from '../artifact/relevance-file.ts';
import { auroc } from '../evaluation/calibration/auroc.ts';
import { type PictureEvaluationQuery, queriesOf } from '../evaluation/queries.ts';
import { APPEARANCE_LENGTH, appearanceOf } from '../models/appearance/appearance.ts';
import { pooled, unitVector } from '../models/encoder/pooled.ts';
import { pixelsOf, type StoredPicture } from '../pictures/picture-store.ts';
import type { PictureQuery } from '../query/query.ts';
import {
  type ClassSums,
  EVIDENCE_LENGTH,
  evidenceOf,
  fitKnownClasses,
  sumClasses,
} from '../relevance/known-classes.ts';
import { fitLogistic, type LogisticModel, predictLogistic } from '../relevance/logistic.ts';
import { type Block, joinBlocks } from '../relevance/none.ts';
import { principalComponents, project } from '../relevance/principal-components.ts';
import { describedBy } from '../systems/judge.ts';
import type { Index } from '../systems/open-index.ts';
import { unlikePictures } from './unlike-pictures.ts';

/** Pictures that what is known is fitted to, and validation queries, at most. */
const PICTURES = 8000;
const QUERIES = 1500;
/** Numbers of a projected picture at most; and of the products of all classes together, d² each. */
const WIDTH = 128;
const PRODUCTS = 4_000_000;
/** Of the logistic regression: noise is so far from anything known that a penalty on standardised numbers would flatten the rest. */
const LEAST_PENALTY = 0.01;
/** Appearances weigh more than what was learned from the classes of the catalogue, and from no others. */
const APPEARANCE_WEIGHT = 2;
/** Groups of classes: each is withheld once. */
const GROUPS = 5;
const MOST_CLASSES = 2048;
/** All pictures of noise and mixtures together weigh as much as this share of those of withheld classes. */
const UNLIKE_WEIGHT = 0.25;

type None = NonNullable<Relevance['none']>;

/**
 * Learns what a picture looks like to which nothing in the catalogue is relevant. Classes are withheld, a group after another: the
 * validation queries of a withheld class are unknown to what is fitted to the others. Mixtures of two pictures and noise are unknown
 * too. What the network learned of a withheld class remains in its states, which is why appearances count as much.
 * @returns undefined where there are no classes to withhold, or no validation queries of several
 */
export async function fitNone(index: Index, random: Random): Promise<None | undefined> {
  const { store } = index;
  if (!store.hasClasses) return undefined;
  const classes = classesOf(store.catalogue);
  if (classes.size < 3) return undefined;
  const queries = random
    .shuffled(queriesOf(store, 'validation'))
    .slice(0, QUERIES)
    .map((query) => ({ query, class: classOf(store, query, classes) }));
  if (new Set(queries.flatMap((each) => each.class ?? [])).size < 3) return undefined;
  const { blocks, projection, sums } = await fitVectors(index, classes, random);
  const vectorsOf = async (pictures: readonly PictureQuery[]) => {
    const described = await describedBy(blocks, pictures, index.describe);
    return described.map((vector) => project(projection, vector));
  };
  const vectors = await vectorsOf(queries.map(({ query }) => query));
  const unlike = await vectorsOf(await unlikePictures(store, random));
  const all = Array.from(classes.values());
  const examples = withheldExamples({ sums, all, queries, vectors, random });
  if (!examples.some(({ label }) => label === 0)) return undefined;
  const known = fitKnownClasses(sums, all);
  const withheld = examples.filter(({ label }) => label === 0).length;
  const weight = (UNLIKE_WEIGHT * withheld) / Math.max(1, unlike.length);
  examples.push(...unlike.map((vector) => ({ evidence: evidenceOf(known, vector), label: 0 as const, weight })));
  const usual = vectors.flatMap((vector, i) => (queries[i]?.class === undefined ? [] : [evidenceOf(known, vector)]));
  const model = fitModel(examples, usual);
  const scores = (wanted: 0 | 1) =>
    examples.flatMap(({ evidence, label, weight: each }) =>
      label === wanted && each === 1 ? [predictLogistic(model, evidence)] : [],
    );
  const separated = defined(auroc(scores(1), scores(0)), 'the area under the curve').auroc;
  // What tells known pictures no better than chance would hide right answers.
  if (separated <= 0.5) return undefined;
  return { blocks, projection, known, model, auroc: separated, unknown: withheld + unlike.length };
}

/** Labels of the catalogue by their frequency, each with its number; those of the rarest are left out where there are too many. */
function classesOf(catalogue: readonly StoredPicture[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { labels } of catalogue) {
    const [label] = labels;
    if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const frequent = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, MOST_CLASSES);
  return new Map(frequent.map(([label], number) => [label, number]));
}

/** The class of a query: of its first label; undefined where nothing in the catalogue is relevant to it. */
function classOf(
  { rows }: Index['store'],
  { relevant }: PictureEvaluationQuery,
  classes: ReadonlyMap<string, number>,
): number | undefined {
  const [first] = relevant;
  return first === undefined ? undefined : classes.get(rows[first]?.labels[0] ?? '');
}

/** Pictures of known classes as vectors of few numbers, and the sums of each class. */
async function fitVectors(index: Index, classes: ReadonlyMap<string, number>, random: Random) {
  const { store } = index;
  const known = [...store.catalogue, ...store.queries('train')].flatMap((picture) => {
    const number = classes.get(picture.labels[0] ?? '');
    return number === undefined ? [] : [{ row: picture.row, number }];
  });
  const chosen = known.length <= PICTURES ? known : random.shuffled(known).slice(0, PICTURES);
  const columns = columnsOf(store);
  const values = chosen.map(({ row }) => columns.map(({ read }) => read(row)));
  const blocks = columns.map(
    ({ name, length }, i): Block => ({
      name,
      length,
      scale: (name === 'appearance' ? APPEARANCE_WEIGHT : 1) * scaleOf(values.map((each) => each[i] ?? [])),
    }),
  );
  const joined = values.map((each) => joinBlocks(blocks, each));
  const length = blocks.reduce((sum, block) => sum + block.length, 0);
  const matrix = new Float32Array(joined.length * length);
  for (const [i, vector] of joined.entries()) matrix.set(vector, i * length);
  const width = Math.max(
    1,
    Math.min(WIDTH, length, Math.floor(Math.sqrt(PRODUCTS / classes.size)), Math.floor(chosen.length / 3)),
  );
  const projection = principalComponents(matrix, length, width);
  const kept = projection.components.length / length;
  const projected = new Float64Array(joined.length * kept);
  for (const [i, vector] of joined.entries()) projected.set(project(projection, vector), i * kept);
  const numbers = chosen.map(({ number }) => number);
  return { blocks, projection, sums: sumClasses(projected, kept, numbers, classes.size) };
}

interface Column {
  readonly name: Block['name'];
  readonly length: number;
  read(row: number): ArrayLike<number>;
}

/** What an encoder makes of pictures, or else the network; and their appearances. */
function columnsOf(store: Index['store']): Column[] {
  const { embeddings, size } = store;
  const appearance: Column = {
    name: 'appearance',
    length: APPEARANCE_LENGTH,
    read: (row) => appearanceOf(pixelsOf(store, row), size),
  };
  if (embeddings !== undefined) {
    return [
      {
        name: 'embedding',
        length: embeddings.channels,
        read: (row) => unitVector(pooled(embeddings.read(row), embeddings)),
      },
      appearance,
    ];
  }
  const states = store.states();
  if (states === undefined) return [appearance];
  const width = states.length / store.rows.length;
  return [{ name: 'state', length: width, read: (row) => states.subarray(row * width, (row + 1) * width) }, appearance];
}

/** Gives vectors a variance of 1, all numbers together. */
function scaleOf(vectors: readonly ArrayLike<number>[]): number {
  const length = vectors[0]?.length ?? 0;
  let variance = 0;
  for (let i = 0; i < length; i++) {
    let [sum, squares] = [0, 0];
    for (const vector of vectors) {
      const value = vector[i] ?? NaN;
      sum += value;
      squares += value * value;
    }
    variance += squares / vectors.length - (sum / vectors.length) ** 2;
  }
  return variance > 0 ? 1 / Math.sqrt(variance) : 1;
}

interface Example {
  readonly evidence: [number, number];
  /** 1: known */
  readonly label: 0 | 1;
  readonly weight: number;
}

function withheldExamples({
  sums,
  all,
  queries,
  vectors,
  random,
}: {
  readonly sums: ClassSums;
  readonly all: readonly number[];
  readonly queries: readonly { readonly class: number | undefined }[];
  readonly vectors: readonly Float64Array[];
  readonly random: Random;
}): Example[] {
  const order = random.shuffled(all);
  // Of three classes one at a time: two remain to be known.
  const groups = all.length < 4 ? all.length : Math.min(GROUPS, Math.floor(all.length / 2));
  const examples: Example[] = [];
  for (let group = 0; group < groups; group++) {
    const withheld = new Set(order.filter((_, i) => i % groups === group));
    const known = fitKnownClasses(
      sums,
      all.filter((c) => !withheld.has(c)),
    );
    for (const [i, each] of queries.entries()) {
      const isUnknown = each.class === undefined || withheld.has(each.class);
      const vector = defined(vectors[i], 'the vector of a query');
      examples.push({ evidence: evidenceOf(known, vector), label: isUnknown ? 0 : 1, weight: 1 });
    }
  }
  return examples;
}

/**
 * The sum of the evidence, each in standard deviations of what is usual for known pictures, as a probability (Platt 1999). Weights
 * of their own would be too high for what the network's states say: it has learned from the classes that are withheld here, and will not
 * have learned from those that are asked.
 * @param usual evidence for known pictures
 */
function fitModel(examples: readonly Example[], usual: readonly (readonly number[])[]): LogisticModel {
  const statistics = Array.from({ length: EVIDENCE_LENGTH }, (_, i) => {
    const values = usual.map((evidence) => evidence[i] ?? NaN);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    return { mean, scale: variance > 0 ? Math.sqrt(variance) : 1 };
  });
  const sums = examples.map(({ evidence }) =>
    statistics.reduce((sum, { mean, scale }, i) => sum + ((evidence[i] ?? NaN) - mean) / scale, 0),
  );
  const fit = fitLogistic(
    sums,
    examples.map(({ label }) => label),
    { weights: balanced(examples), l2: LEAST_PENALTY },
  );
  const slope = (fit.weights[0] ?? NaN) / (fit.scales[0] ?? NaN);
  return {
    means: statistics.map(({ mean }) => mean),
    scales: statistics.map(({ scale }) => scale),
    weights: statistics.map(() => slope),
    bias: fit.bias - slope * (fit.means[0] ?? NaN),
  };
}

/** Known and unknown weigh the same. */
function balanced(examples: readonly Example[]): number[] {
  const total = [0, 0];
  for (const { label, weight } of examples) total[label] = (total[label] ?? NaN) + weight;
  return examples.map(({ label, weight }) => (weight * examples.length) / (2 * (total[label] ?? NaN)));
}
