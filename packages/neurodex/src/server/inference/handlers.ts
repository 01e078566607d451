import type { INFERENCE_ROUTES } from '../api/inference-routes.ts';
import { ApiError } from '../api/problems.ts';
import { draining } from '../draining.ts';
import type { Handlers } from '../handler.ts';
import type { Host } from '../host.ts';
import type { Hosted } from '../hosted.ts';
import { headerLengthOf, type InferServices, infer } from './infer.ts';
import { modelMetadata, serverMetadata } from './metadata.ts';

export interface InferenceServices extends InferServices {
  readonly host: Host;
  readonly isDraining: () => boolean;
}

/** What the routes of the Open Inference Protocol do: an index is a model. */
export function inferenceHandlers(services: InferenceServices): Pick<Handlers, keyof typeof INFERENCE_ROUTES> {
  const { host, isDraining } = services;
  const checkReady = (): void => {
    if (isDraining()) throw draining();
  };
  const ready = (path: ModelPath) => {
    const { id } = modelOf(host, path);
    checkReady();
    return { status: 200, json: { name: id, ready: true } } as const;
  };
  const metadata = (path: ModelPath) => ({ status: 200, json: modelMetadata(modelOf(host, path)) }) as const;
  const answer = async ({ path, headers, receive }: InferAsked) => {
    const hosted = modelOf(host, path);
    const headerLength = headerLengthOf(headers);
    return infer(hosted, headerLength, await receive(), services);
  };
  return {
    getServer: () => ({ status: 200, json: serverMetadata() }),
    isServerLive: () => ({ status: 200, json: { live: true } }),
    isServerReady() {
      checkReady();
      return { status: 200, json: { live: true, ready: true } };
    },
    getModel: ({ path }) => metadata(path),
    getModelVersion: ({ path }) => metadata(path),
    isModelReady: ({ path }) => ready(path),
    isModelVersionReady: ({ path }) => ready(path),
    infer: answer,
    inferVersion: answer,
  };
}

type InferAsked = Pick<Parameters<Handlers['infer']>[0], 'headers' | 'receive'> & { readonly path: ModelPath };

interface ModelPath {
  readonly model: string;
  readonly version?: string;
}

/** @throws ApiError `index-unknown`; `version-unknown` where another version of the index is served */
function modelOf(host: Host, { model, version }: ModelPath): Hosted {
  const hosted = host.index(model);
  if (version === undefined || version === hosted.card.version) return hosted;
  const wanted = JSON.stringify(version.slice(0, 100));
  throw new ApiError('version-unknown', `the index ${hosted.id} is not served in version ${wanted}`, {
    hint: `it is served in version ${hosted.card.version}`,
  });
}
