import type { LogisticModel } from './logistic.ts';
import type { Block, NoneModel } from './none.ts';

/** A `NoneModel` as JSON: arrays are little-endian numbers of four bytes each, as base64. */
export interface PackedNone {
  readonly blocks: readonly Block[];
  readonly mean: string;
  readonly components: string;
  readonly weights: string;
  readonly biases: string;
  readonly means: string;
  readonly precisions: string;
  readonly logDeterminants: string;
  readonly precisionOf: string;
  readonly model: LogisticModel;
}

export const packNone = ({ blocks, projection, known, model }: NoneModel): PackedNone => ({
  blocks,
  mean: toBase64(projection.mean),
  components: toBase64(projection.components),
  weights: toBase64(known.weights),
  biases: toBase64(known.biases),
  means: toBase64(known.means),
  precisions: toBase64(known.precisions),
  logDeterminants: toBase64(known.logDeterminants),
  precisionOf: toBase64(known.precisionOf),
  model: { means: model.means, scales: model.scales, weights: model.weights, bias: model.bias },
});

/** Needs nothing of Node: pages read it as well. @throws RangeError for what does not fit together, or is not finite */
export function unpackNone(packed: PackedNone): NoneModel {
  const { blocks, model } = packed;
  const length = blocks.reduce((sum, block) => sum + block.length, 0);
  const components = floats(packed.components);
  const [biases, logDeterminants] = [floats(packed.biases), floats(packed.logDeterminants)];
  const [width, classes, matrices] = [components.length / length, biases.length, logDeterminants.length];
  if (!Number.isInteger(width) || width < 1 || classes < 1 || matrices < 1) throw misfit();
  const precisionOf = new Int32Array(bytesOf(packed.precisionOf));
  if (precisionOf.some((place) => place < 0 || place >= matrices)) throw new RangeError('names a matrix that it lacks');
  return {
    blocks,
    projection: { mean: sized(floats(packed.mean), length), components },
    known: {
      width,
      weights: sized(floats(packed.weights), classes * width),
      biases,
      means: sized(floats(packed.means), classes * width),
      precisions: sized(floats(packed.precisions), matrices * width * width),
      logDeterminants,
      precisionOf: sized(precisionOf, classes),
    },
    model,
  };
}

function floats(text: string): Float32Array {
  const values = new Float32Array(bytesOf(text));
  if (!values.every(Number.isFinite)) throw new RangeError('holds numbers that are not finite');
  return values;
}

function sized<Values extends Float32Array | Int32Array>(values: Values, length: number): Values {
  if (values.length !== length) throw misfit();
  return values;
}

const misfit = (): RangeError => new RangeError('holds arrays whose lengths do not fit each other');

/** Characters that become text at once: more would be more arguments than a function takes. */
const AT_ONCE = 0x8000;

function toBase64(values: Float32Array | Int32Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  let text = '';
  for (let at = 0; at < bytes.length; at += AT_ONCE) text += String.fromCharCode(...bytes.subarray(at, at + AT_ONCE));
  return btoa(text);
}

function bytesOf(text: string): ArrayBuffer {
  let characters: string;
  try {
    characters = atob(text);
  } catch {
    throw new RangeError('holds what is no base64');
  }
  if (characters.length % 4 !== 0) throw misfit();
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes.buffer;
}
