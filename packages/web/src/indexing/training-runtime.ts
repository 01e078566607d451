import { browserRuntime, hasWebGpu } from '@neurodex/autograd/browser';

/** More threads than this share too little work each. */
const MAX_THREADS = 8;

export interface TrainingRuntime {
  readonly runtime: Awaited<ReturnType<typeof browserRuntime>>;
  /** Where it runs, in words. */
  readonly runs: string;
}

/** WebGPU where a graphics adapter is there; else WebAssembly, with threads where the page is isolated. @param device `webgpu` or `wasm`; null picks the best */
export async function trainingRuntime(device: string | null): Promise<TrainingRuntime> {
  if (device === 'webgpu' || (device !== 'wasm' && (await hasWebGpu())))
    return { runtime: await browserRuntime({ device: 'webgpu' }), runs: 'on WebGPU' };
  const threads = globalThis.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, MAX_THREADS) : 1;
  const runs = `on WebAssembly with ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  return { runtime: await browserRuntime({ threads }), runs };
}
