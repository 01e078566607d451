import { NeurodexError } from '@neurodex/core';
import { isPicture, type PictureQuery, type Query, type TextQuery } from '../../query/query.ts';

/** What makes states of pictures and of texts: unit vectors, float32 [n, D]. */
export interface StateSources {
  pictures(queries: readonly PictureQuery[]): Promise<Float32Array>;
  /** Undefined where the network never learned to read. */
  readonly texts: ((texts: readonly string[]) => Promise<Float32Array>) | undefined;
}

/** A state of that length and less has no direction: its parts cancel each other out. */
const SHORTEST = 1e-3;

/**
 * The states of queries of every kind, unit vectors [n, D]. States of one space can be added: that of a composed query is the
 * direction of the weighted sum of the states of its parts.
 * @throws NeurodexError `query-empty` where parts cancel out; RangeError for text where the network cannot read: `refuseUnaccepted`
 *   comes first
 */
export function composeStates(queries: readonly Query[], width: number, sources: StateSources): Promise<Float32Array> {
  // Of pictures alone nothing has to be composed.
  return queries.every(isPicture) ? sources.pictures(queries) : composed(queries, width, sources);
}

async function composed(
  queries: readonly Query[],
  width: number,
  { pictures, texts }: StateSources,
): Promise<Float32Array> {
  const parts = queries.map((query) => (query.kind === 'composed' ? query.parts : [{ query, weight: 1 }]));
  const simple = parts.flat().map(({ query }) => query);
  const seen = simple.filter(isPicture);
  const read = simple.filter((query): query is TextQuery => query.kind === 'text');
  if (read.length > 0 && texts === undefined) throw new RangeError('the network never learned to read');
  const pictureStates = seen.length > 0 ? await pictures(seen) : new Float32Array();
  const textStates =
    read.length > 0 && texts !== undefined ? await texts(read.map(({ text }) => text)) : new Float32Array();
  const states = new Float32Array(queries.length * width);
  let [picture, text] = [0, 0];
  for (const [i, own] of parts.entries()) {
    const state = states.subarray(i * width, (i + 1) * width);
    for (const { query, weight } of own) {
      const [from, place] = isPicture(query) ? [pictureStates, picture++] : [textStates, text++];
      for (let d = 0; d < width; d++) state[d] = (state[d] ?? NaN) + weight * (from[place * width + d] ?? NaN);
    }
    let squares = 0;
    for (let d = 0; d < width; d++) squares += (state[d] ?? NaN) ** 2;
    const length = Math.sqrt(squares);
    if (!(length > SHORTEST)) throw cancelled();
    for (let d = 0; d < width; d++) state[d] = (state[d] ?? NaN) / length;
  }
  return states;
}

const cancelled = (): NeurodexError =>
  new NeurodexError('query-empty', 'the parts of the query cancel each other out', {
    hint: 'take away something else than what the query consists of',
  });
