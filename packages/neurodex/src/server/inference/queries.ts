import { isUtf8 } from 'node:buffer';
import { closest } from 'fastest-levenshtein';
import { ApiError } from '../api/problems.ts';
import { bytesOfBase64 } from '../base64.ts';
import type { Sent } from '../uploads.ts';
import type { InferenceRequest, InputTensor } from './request.ts';
import { bytesElements, elementCount, MalformedTensor } from './tensors.ts';

/** Inputs of a model: a request has one of them. */
export const INPUTS = ['image', 'text'] as const;
export type InputName = (typeof INPUTS)[number];

/** Queries of one request at most. */
export const MOST_QUERIES = 64;

/** Parameters of a tensor that say nothing that is not known: MLServer's clients name what its elements are. */
const IGNORED = ['content_type'];

/** What a request searches with. */
export interface Queries {
  readonly input: InputName;
  /** One or more. */
  readonly sent: readonly Exclude<Sent, { readonly picture: string }>[];
  /** Bytes that they take beside those of the body. */
  readonly copied: number;
}

const malformed = (message: string, hint: string): ApiError => new ApiError('body-malformed', message, { hint });

/**
 * The queries of a request: picture files or texts, BYTES [B]. In JSON a picture file is base64 (RFC 4648, padded), for no string holds
 * its bytes.
 * @param most queries that it may have
 * @throws ApiError `body-malformed`, `body-too-large`, `parameter-invalid`, `query-empty`
 */
export function queriesOf({ inputs }: Pick<InferenceRequest, 'inputs'>, most: number): Queries {
  const [name] = inputs.map((input) => knownInput(input.name));
  const [tensor] = inputs;
  if (tensor === undefined || name === undefined) {
    throw new ApiError('query-empty', 'the request has no inputs', { hint: ONE_INPUT });
  }
  if (inputs.length > 1) throw malformed(`the request has ${inputs.length} inputs`, ONE_INPUT);
  checkParameters(name, tensor.parameters, ['binary_data_size']);
  const elements = elementsOf(tensor, most);
  return name === 'image' ? { input: name, ...picturesIn(elements) } : { input: name, ...textsIn(elements) };
}

const ONE_INPUT = 'send image or text, one of them: GET /v2/models/MODEL describes both';

function knownInput(name: string): InputName {
  const known = INPUTS.find((input) => input === name);
  if (known === undefined) throw unknown('input', name, INPUTS);
  return known;
}

/** @throws ApiError `parameter-invalid` for parameters of a tensor that mean nothing here */
export function checkParameters(tensor: string, given: object, known: readonly string[]): void {
  const wrong = Object.keys(given).find((parameter) => ![...known, ...IGNORED].includes(parameter));
  if (wrong !== undefined) throw unknown(`parameter of ${tensor}`, wrong, known);
}

export const unknown = (what: string, name: string, known: readonly string[]): ApiError =>
  new ApiError('parameter-invalid', `there is no ${what} ${JSON.stringify(name.slice(0, 100))} here`, {
    hint: `did you mean ${closest(name.slice(0, 100), [...known])}? Known: ${known.join(', ')}`,
  });

/** The elements of a tensor of BYTES with one dimension. */
function elementsOf({ name, datatype, shape, data }: InputTensor, most: number): readonly (string | Uint8Array)[] {
  if (datatype !== 'BYTES') throw malformed(`${name} is ${datatype}`, `${name} is BYTES`);
  if (shape.length !== 1) {
    throw malformed(`${name} has the shape [${shape.join(', ')}]`, `${name} has one dimension, its queries`);
  }
  const count = counting(name, () => elementCount(shape));
  if (count === 0) throw new ApiError('query-empty', `${name} has no elements`, { hint: 'send one or more' });
  if (count > most) {
    throw new ApiError('body-too-large', `the request has ${count} queries, and the limit is ${most}`, {
      hint: 'send them in several requests',
    });
  }
  if (data instanceof Uint8Array) return counting(name, () => bytesElements(data, count));
  if (data.length !== count) {
    throw malformed(
      `${name} has ${data.length} elements, and its shape says ${count}`,
      'send as many as the shape says',
    );
  }
  return data.map((element, i) => {
    if (typeof element === 'string') return element;
    throw malformed(`${name}[${i}] is no string`, 'in JSON, elements of BYTES are strings');
  });
}

/** Says of which tensor it is that bytes contradict its shape. */
function counting<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MalformedTensor)) throw error;
    throw new ApiError('body-malformed', `${name}: ${error.message}`, {
      hint: 'an element of BYTES is its length in 4 bytes, little-endian, and what it holds',
      cause: error,
    });
  }
}

function picturesIn(elements: readonly (string | Uint8Array)[]): Pick<Queries, 'sent' | 'copied'> {
  const sent = elements.map((element, i) => ({ bytes: typeof element === 'string' ? decoded(element, i) : element }));
  const copied = sent.reduce((sum, { bytes }, i) => sum + (typeof elements[i] === 'string' ? bytes.length : 0), 0);
  return { sent, copied };
}

function decoded(text: string, i: number): Uint8Array {
  const bytes = bytesOfBase64(text);
  if (bytes !== undefined) return bytes;
  throw malformed(`image[${i}] is no base64`, 'in JSON, send picture files as padded base64; as bytes, as they are');
}

function textsIn(elements: readonly (string | Uint8Array)[]): Pick<Queries, 'sent' | 'copied'> {
  const sent = elements.map((element, i) => {
    if (typeof element === 'string') return { text: element };
    if (!isUtf8(element))
      throw new ApiError('text-invalid', `text[${i}] is no UTF-8`, { hint: 'encode texts in UTF-8' });
    return { text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(element) };
  });
  return { sent, copied: 0 };
}
