import type { SearchAnswer, SearchResponse } from '../api/schemas.ts';
import type { Datatype, OutputTensor } from './tensors.ts';

type Result = SearchResponse['results'][number];
type Value = string | number | boolean;

interface OutputDeclaration {
  readonly datatype: Datatype;
  /** Of each answer, [B,K]: with what stands where there is none. Of each query, [B], otherwise. */
  readonly padding?: Value;
  /** Its values for one query: K at most with padding, else one. */
  values(result: Result): readonly Value[];
}

/** The lowest number of float32: what has this score comes last. */
export const LOWEST = -(2 - 2 ** -23) * 2 ** 127;
/** What stands for a probability that nobody knows: NaN could not be written as JSON. */
export const NOT_KNOWN = -1;

const ofAnswers = (datatype: Datatype, padding: Value, value: (answer: SearchAnswer) => Value): OutputDeclaration => ({
  datatype,
  padding,
  values: ({ answers }) => answers.map(value),
});

const ofQuery = (datatype: Datatype, value: (result: Result) => Value): OutputDeclaration => ({
  datatype,
  values: (result) => [value(result)],
});

/** The tensors that a model gives, each with what is in it. */
const OUTPUTS = {
  pictures: ofAnswers('BYTES', '', ({ picture }) => picture.id),
  names: ofAnswers('BYTES', '', ({ picture }) => picture.name),
  identifiers: ofAnswers('BYTES', '', ({ picture }) => picture.identifier ?? ''),
  scores: ofAnswers('FP32', LOWEST, ({ score }) => Math.max(LOWEST, Math.fround(score))),
  relevance: ofAnswers('FP32', NOT_KNOWN, ({ relevance }) => Math.fround(relevance ?? NOT_KNOWN)),
  counts: ofQuery('INT32', ({ answers }) => answers.length),
  none: ofQuery('FP32', ({ none }) => Math.fround(none ?? NOT_KNOWN)),
  nothing_found: ofQuery('BOOL', ({ nothingFound }) => nothingFound),
} as const satisfies Readonly<Record<string, OutputDeclaration>>;

export type OutputName = keyof typeof OUTPUTS;

export const OUTPUT_NAMES: readonly OutputName[] = Object.keys(OUTPUTS).filter((name): name is OutputName =>
  isOutput(name),
);

export function isOutput(name: string): name is OutputName {
  return Object.hasOwn(OUTPUTS, name);
}

/** For the metadata of a model. */
export const outputMetadata = (): { name: string; datatype: string; shape: number[] }[] =>
  OUTPUT_NAMES.map((name) => {
    const { datatype, padding }: OutputDeclaration = OUTPUTS[name];
    return { name, datatype, shape: padding === undefined ? [-1] : [-1, -1] };
  });

/**
 * One output for all queries of a request.
 * @param results of one system, one for each query
 * @param k answers that were asked for: rows with fewer are padded to as many
 */
export function outputTensor(name: OutputName, results: readonly Result[], k: number): OutputTensor {
  const { datatype, padding, values }: OutputDeclaration = OUTPUTS[name];
  if (padding === undefined) return { name, datatype, shape: [results.length], data: results.flatMap(values) };
  const data = results.flatMap((result) => {
    const row = values(result);
    return [...row, ...Array<Value>(k - row.length).fill(padding)];
  });
  return { name, datatype, shape: [results.length, k], data };
}
