import { z } from 'zod';
import { type InferenceRequestJson, inferenceRequest } from '../api/inference-schemas.ts';
import { hasAtMostValues } from './json-values.ts';

/** A body that is no request, or contradicts itself. */
export class MalformedRequest extends Error {}

const malformed = (message: string, cause?: unknown): MalformedRequest =>
  new MalformedRequest(message, cause === undefined ? undefined : { cause });

/** Values in the JSON of a request at most: a request has some hundreds. */
const MOST_VALUES = 20_000;
/** Characters of what is wrong with a request: it repeats names that the request has. */
const TOLD = 300;

export type Parameters = Readonly<Record<string, string | number | boolean>>;

/** A tensor of a request, with its elements as JSON has them, or with their bytes. */
export interface InputTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly parameters: Parameters;
  readonly data: readonly unknown[] | Uint8Array;
}

export interface RequestedOutput {
  readonly name: string;
  readonly parameters: Parameters;
}

export interface InferenceRequest {
  readonly id: string | undefined;
  readonly parameters: Parameters;
  readonly inputs: readonly InputTensor[];
  /** Undefined: all. */
  readonly outputs: readonly RequestedOutput[] | undefined;
}

/**
 * A request of the Open Inference Protocol, with or without the bytes of tensors behind its JSON. Pure, and nothing of the bytes is
 * copied.
 * @param headerLength bytes of the JSON; undefined: all of the body
 * @throws MalformedRequest
 */
export function readInferenceRequest(body: Uint8Array, headerLength: number | undefined): InferenceRequest {
  if (headerLength !== undefined && headerLength > body.length) {
    throw malformed(`the JSON is said to have ${headerLength} bytes, and the body has ${body.length}`);
  }
  const { id, parameters, inputs, outputs } = parse(body.subarray(0, headerLength));
  const tensors = bind(inputs, body.subarray(headerLength ?? body.length), headerLength !== undefined);
  return {
    id: id ?? undefined,
    parameters: parameters ?? {},
    inputs: tensors,
    outputs: outputs?.length ? outputs.map(({ name, parameters: of }) => ({ name, parameters: of ?? {} })) : undefined,
  };
}

function parse(json: Uint8Array): InferenceRequestJson {
  if (!hasAtMostValues(json, MOST_VALUES)) throw malformed(`the JSON has more than ${MOST_VALUES} values`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (error) {
    throw malformed('the body does not begin with valid JSON', error);
  }
  const parsed = inferenceRequest.safeParse(value);
  if (parsed.success) return parsed.data;
  throw malformed(`the body is no inference request: ${z.prettifyError(parsed.error).slice(0, TOLD)}`);
}

/** Gives each tensor its elements: those beside it, or its part of the bytes, which have to be those of all tensors exactly. */
function bind(inputs: InferenceRequestJson['inputs'], bytes: Uint8Array, mayBeBytes: boolean): readonly InputTensor[] {
  let at = 0;
  const tensors = inputs.map(({ data, parameters, ...tensor }): InputTensor => {
    const said = parameters ?? {};
    const size = Object.hasOwn(said, 'binary_data_size') ? said.binary_data_size : undefined;
    if (size === undefined) {
      if (data === null || data === undefined)
        throw malformed(`${named(tensor)} has neither data nor binary_data_size`);
      return { ...tensor, parameters: said, data };
    }
    if (data !== null && data !== undefined) throw malformed(`${named(tensor)} has both data and binary_data_size`);
    if (!mayBeBytes)
      throw malformed(`${named(tensor)} has binary_data_size, and the request does not say where the JSON ends`);
    if (!Number.isSafeInteger(size) || Number(size) < 0) {
      throw malformed(`binary_data_size of ${named(tensor)} is no number of bytes`);
    }
    const end = at + Number(size);
    if (end > bytes.length)
      throw malformed(`${named(tensor)} has ${size} bytes, and only ${bytes.length - at} are there`);
    const own = bytes.subarray(at, end);
    at = end;
    return { ...tensor, parameters: said, data: own };
  });
  if (at < bytes.length) throw malformed(`${bytes.length - at} bytes are behind the tensors that the JSON names`);
  return tensors;
}

const named = ({ name }: { readonly name: string }): string => JSON.stringify(name);
