import { z } from 'zod';
import { components } from './schemas.ts';

/** What the Open Inference Protocol sends over the wire (kserve/open-inference-protocol, inference_rest.md), one schema each. */

const tensorName = z.string().max(200);
const datatype = z.string().max(20).describe('BYTES, FP32, INT32 or BOOL');
/** Dimensions of a tensor at most: far beyond those of any here. */
const MOST_DIMENSIONS = 16;
const shape = z.array(z.int().min(0)).max(MOST_DIMENSIONS);
const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));
const elements = z.array(z.unknown());

export const inferenceError = z
  .object({ error: z.string().describe('<code>: what is wrong with what (what to do)') })
  .register(components, { id: 'InferenceError' });

export const serverMetadata = z
  .object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) })
  .register(components, { id: 'ServerMetadata' });

export const serverLive = z.object({ live: z.literal(true) }).register(components, { id: 'ServerLive' });

/** The specification writes `live` here as well, and KServe's client reads `ready`. */
export const serverReady = z
  .object({ live: z.literal(true), ready: z.literal(true) })
  .register(components, { id: 'ServerReady' });

export const modelReady = z
  .object({ name: z.string(), ready: z.literal(true) })
  .register(components, { id: 'ModelReady' });

const tensorMetadata = z.object({
  name: tensorName,
  datatype,
  shape: z.array(z.int()).describe('-1: B, the queries of a request; or K, the answers to each'),
});

export const modelMetadata = z
  .object({
    name: z.string().describe('id of the index'),
    versions: z.array(z.string()).describe('the one that is served'),
    platform: z.literal('neurodex_index'),
    inputs: z.array(tensorMetadata).describe('of which a request has one'),
    outputs: z.array(tensorMetadata),
  })
  .register(components, { id: 'ModelMetadata' });

/**
 * Read, not refused, are members that the protocol does not have: clients send some. Null stands for what is left out, as KServe's
 * own objects write it.
 */
export const inferenceRequest = z
  .object({
    id: z.string().nullish().describe('repeated in the response'),
    parameters: parameters
      .nullish()
      .describe('k, system, min_relevance, timeout (microseconds), binary_data_output; priority is not looked at'),
    inputs: z.array(
      z.object({
        name: tensorName,
        datatype,
        shape,
        parameters: parameters.nullish().describe('binary_data_size: its bytes follow the JSON'),
        data: elements.nullish().describe('strings: of text, or the base64 of picture files'),
      }),
    ),
    outputs: z
      .array(z.object({ name: tensorName, parameters: parameters.nullish().describe('binary_data') }))
      .nullish()
      .describe('those that are wanted; all by default'),
  })
  .register(components, { id: 'InferenceRequest' });

export const inferenceResponse = z
  .object({
    model_name: z.string(),
    model_version: z.string(),
    id: z.string().optional(),
    parameters,
    outputs: z.array(
      z.object({
        name: tensorName,
        datatype,
        shape,
        parameters: parameters.optional(),
        data: elements.optional().describe('row by row; left out where its bytes follow the JSON'),
      }),
    ),
  })
  .register(components, { id: 'InferenceResponse' });

export type InferenceRequestJson = z.infer<typeof inferenceRequest>;
export type InferenceResponse = z.infer<typeof inferenceResponse>;
export type ModelMetadata = z.infer<typeof modelMetadata>;
export type ServerMetadata = z.infer<typeof serverMetadata>;
