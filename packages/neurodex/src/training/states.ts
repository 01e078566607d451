import { allocate, elementCount, type HostArray, type Runtime } from '@neurodex/autograd';
import type { Geometry } from '../dsi/model/geometry.ts';
import { StateEncoder } from '../dsi/search/state-encoder.ts';
import type { FrozenBackbone } from '../query/model-input.ts';
import { modelInput, pictureInput } from '../query/model-inputs.ts';
import type { PictureQuery } from '../query/query.ts';
import { loadBatch, type RowsOfFile } from './load-batch.ts';
import { type InputStore, trainingInput } from './training-input.ts';

/** Pictures that are encoded at a time. */
const BATCH = 64;

/** A network that makes states. */
export interface StatesNetwork {
  readonly runtime: Runtime;
  readonly geometry: Geometry;
  readonly parameters: Float32Array;
}

export interface StatesOptions extends StatesNetwork {
  readonly store: InputStore;
  /** For pixels that are in a file. */
  readonly rowsOfFile?: RowsOfFile | undefined;
  /** Rows of the store, in the order of the states. */
  readonly rows: readonly number[];
  /** Takes the states of the next pictures, float32 [n, D]; valid until it resolves. */
  readonly take: (states: Float32Array, done: number) => Promise<void>;
}

/** Encodes pictures of a store as they are, one batch after another; no more than a batch is in memory. */
export async function encodeStates(options: StatesOptions): Promise<void> {
  const { runtime, geometry, parameters, store, rowsOfFile, rows, take } = options;
  const input = trainingInput(geometry.input, store);
  const encoder = await StateEncoder.create(runtime, geometry, BATCH, parameters);
  const { dtype, shape } = modelInput(geometry).type(geometry, BATCH);
  const batch: HostArray = allocate(dtype, elementCount(shape));
  try {
    for (let start = 0; start < rows.length; start += BATCH) {
      const part = rows.slice(start, start + BATCH);
      const views = part.map((row) => ({ row: store.embeddings?.place(row, 0) ?? row, view: null }));
      loadBatch(input.source, { input: batch as Uint8Array | Float32Array, first: 0, views }, rowsOfFile);
      const states = await encoder.encode(batch);
      await take(states.subarray(0, part.length * geometry.width), start + part.length);
    }
  } finally {
    await encoder.release();
  }
}

/** The states of queries, float32 [D] each. */
export async function encodeQueries(
  network: StatesNetwork & { readonly backbone: FrozenBackbone | undefined },
  queries: readonly PictureQuery[],
): Promise<Float32Array[]> {
  const { runtime, geometry, parameters, backbone } = network;
  const { width } = geometry;
  const encoder = await StateEncoder.create(runtime, geometry, BATCH, parameters);
  const encoded: Float32Array[] = [];
  try {
    while (encoded.length < queries.length) {
      const batch = queries.slice(encoded.length, encoded.length + BATCH);
      const states = await encoder.encode(await pictureInput(geometry).feed(batch, BATCH, geometry, backbone));
      encoded.push(...batch.map((_, i) => states.slice(i * width, (i + 1) * width)));
    }
  } finally {
    await encoder.release();
  }
  return encoded;
}
