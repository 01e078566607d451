import { HEADER_LENGTH } from '../api/inference-routes.ts';
import type { InferenceResponse } from '../api/inference-schemas.ts';
import { type RawAnswer, type RawRequest, send } from '../raw-http.fixture.ts';

/** Requests of the Open Inference Protocol, as a client that is not ours would write them. */

/** Elements of BYTES, each behind its length. */
export const lengthPrefixed = (elements: readonly Uint8Array[]): Buffer =>
  Buffer.concat(
    elements.flatMap((element) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(element.length);
      return [length, element];
    }),
  );

export const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

interface Settings {
  readonly parameters?: object;
  readonly outputs?: readonly object[];
  readonly id?: string;
}

/** JSON alone. @param data strings */
export const inferByJson = (
  input: string,
  data: readonly unknown[],
  wanted: Settings = {},
): Pick<RawRequest, 'body' | 'headers'> => ({
  body: JSON.stringify({ inputs: [{ name: input, shape: [data.length], datatype: 'BYTES', data }], ...wanted }),
  headers: { 'content-type': 'application/json' },
});

/** JSON with bytes behind it. */
export function inferByBytes(
  input: string,
  elements: readonly Uint8Array[],
  wanted: Settings = {},
): { readonly body: Buffer; readonly headers: Record<string, string> } {
  const bytes = lengthPrefixed(elements);
  const parameters = { binary_data_size: bytes.length };
  const inputs = [{ name: input, shape: [elements.length], datatype: 'BYTES', parameters }];
  const json = Buffer.from(JSON.stringify({ inputs, ...wanted }));
  return {
    body: Buffer.concat([json, bytes]),
    headers: { [HEADER_LENGTH]: String(json.length), 'content-type': 'application/octet-stream' },
  };
}

export const infer = (
  address: string,
  model: string,
  request: Pick<RawRequest, 'body' | 'headers'>,
): Promise<RawAnswer> => send(address, { path: `/v2/models/${model}/infer`, method: 'POST', ...request });

export interface Tensor {
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly unknown[];
}

/** The tensors of an answer by their names, whether they are in its JSON or behind it. */
export function tensorsOf({ headers, body }: RawAnswer): Readonly<Record<string, Tensor>> {
  const given = headers[HEADER_LENGTH.toLowerCase()];
  const length = given === undefined ? body.length : Number(given);
  const { outputs }: InferenceResponse = JSON.parse(body.subarray(0, length).toString());
  let at = length;
  const read = outputs.map(({ name, datatype, shape, parameters, data }) => {
    const size = Number(parameters?.binary_data_size ?? 0);
    const bytes = body.subarray(at, at + size);
    at += size;
    return [name, { datatype, shape, data: data ?? decoded(datatype, bytes) }] as const;
  });
  if (at !== body.length) throw new Error(`${body.length - at} bytes are left`);
  return Object.fromEntries(read);
}

function decoded(datatype: string, bytes: Buffer): unknown[] {
  const whole = Uint8Array.from(bytes);
  if (datatype === 'FP32') return [...new Float32Array(whole.buffer)];
  if (datatype === 'INT32') return [...new Int32Array(whole.buffer)];
  if (datatype === 'BOOL') return [...whole].map(Boolean);
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    texts.push(bytes.subarray(at + 4, at + 4 + length).toString());
    at += 4 + length;
  }
  return texts;
}
