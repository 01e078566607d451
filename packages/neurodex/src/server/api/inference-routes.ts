import {
  inferenceRequest,
  inferenceResponse,
  modelMetadata,
  modelReady,
  serverLive,
  serverMetadata,
  serverReady,
} from './inference-schemas.ts';
import { noQuery } from './parameters.ts';
import type { ProblemCode } from './problems.ts';
import type { Route } from './route.ts';

/** Says where the JSON of a body ends and the bytes of tensors begin. */
export const HEADER_LENGTH = 'Inference-Header-Content-Length';

const UNKNOWN_VERSION = ['index-unknown', 'version-unknown'] as const satisfies readonly ProblemCode[];

const MODEL = {
  summary: 'The tensors that an index takes and gives',
  query: noQuery,
  responses: { 200: { description: 'The index, as a model.', content: modelMetadata } },
  inference: true,
} as const;

const MODEL_READY = {
  summary: 'Whether searches of an index are answered',
  query: noQuery,
  responses: { 200: { description: 'They are.', content: modelReady } },
  inference: true,
} as const;

const INFER = {
  summary: 'Rank the catalogue for pictures or for texts, several at once',
  query: noQuery,
  headers: { [HEADER_LENGTH]: 'bytes of the JSON at the beginning of the body, where the bytes of tensors follow it' },
  body: { 'application/json': inferenceRequest, 'application/octet-stream': 'bytes' },
  responses: {
    200: {
      description: `The answers, as tensors. Where one of them is asked for as bytes, the JSON is followed by those, and ${HEADER_LENGTH} says where it ends.`,
      content: [inferenceResponse, { raw: 'bytes', types: ['application/octet-stream'] }],
    },
  },
  inference: true,
  searches: true,
} as const;

const INFER_PROBLEMS = [
  'body-malformed',
  'index-unknown',
  'request-timeout',
  'body-too-large',
  'type-unsupported',
  'picture-empty',
  'picture-not-an-image',
  'picture-unsupported',
  'picture-damaged',
  'picture-too-large',
  'text-empty',
  'text-invalid',
  'text-too-long',
  'query-empty',
  'query-unsupported',
  'busy',
  'draining',
  'interrupted',
  'too-slow',
  'index-replaced',
  'shards-unavailable',
] as const satisfies readonly ProblemCode[];

/** The routes of the Open Inference Protocol. */
export const INFERENCE_ROUTES = {
  getServer: {
    summary: 'The server, and the extensions of the Open Inference Protocol that it has',
    query: noQuery,
    responses: { 200: { description: 'The server.', content: serverMetadata } },
    problems: [],
    open: true,
    inference: true,
    slash: true,
  },
  isServerLive: {
    summary: 'Whether the process lives',
    query: noQuery,
    responses: { 200: { description: 'It does.', content: serverLive } },
    problems: [],
    open: true,
    inference: true,
  },
  isServerReady: {
    summary: 'Whether searches are answered',
    query: noQuery,
    responses: { 200: { description: 'The indexes are loaded.', content: serverReady } },
    problems: ['draining'],
    open: true,
    inference: true,
  },
  getModel: { ...MODEL, problems: ['index-unknown'] },
  getModelVersion: { ...MODEL, problems: UNKNOWN_VERSION },
  isModelReady: { ...MODEL_READY, problems: ['index-unknown', 'draining'] },
  isModelVersionReady: { ...MODEL_READY, problems: [...UNKNOWN_VERSION, 'draining'] },
  infer: { ...INFER, problems: INFER_PROBLEMS },
  inferVersion: { ...INFER, problems: [...INFER_PROBLEMS, 'version-unknown'] },
} as const satisfies Readonly<Record<string, Route>>;
