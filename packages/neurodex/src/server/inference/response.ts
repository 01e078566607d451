import { HEADER_LENGTH } from '../api/inference-routes.ts';
import type { InferenceResponse } from '../api/inference-schemas.ts';
import { bytesOf, type OutputTensor } from './tensors.ts';

/** An output, and how it is to be sent. */
export interface SentTensor extends OutputTensor {
  /** Whether as bytes behind the JSON. */
  readonly binary: boolean;
}

/** The JSON of a response, or its JSON with the bytes of tensors behind it. */
export type InferenceReply =
  | { readonly status: 200; readonly json: InferenceResponse }
  | {
      readonly status: 200;
      readonly body: Uint8Array;
      readonly type: 'application/octet-stream';
      readonly headers: Readonly<Record<string, string>>;
    };

export function inferenceReply(
  response: Omit<InferenceResponse, 'outputs'>,
  outputs: readonly SentTensor[],
): InferenceReply {
  const binary: Uint8Array[] = [];
  const described = outputs.map(({ name, datatype, shape, data, binary: isBinary }) => {
    const tensor = { name, datatype, shape: [...shape] };
    if (!isBinary) return { ...tensor, data: [...data] };
    const bytes = bytesOf({ datatype, data });
    binary.push(bytes);
    return { ...tensor, parameters: { binary_data_size: bytes.length } };
  });
  const json = { ...response, outputs: described };
  if (binary.length === 0) return { status: 200, json };
  const header = Buffer.from(JSON.stringify(json));
  return {
    status: 200,
    body: Buffer.concat([header, ...binary]),
    type: 'application/octet-stream',
    headers: { [HEADER_LENGTH.toLowerCase()]: String(header.length) },
  };
}
