import { nodeRuntime } from '@neurodex/autograd/node';
import { NeurodexError, silentReporter } from '@neurodex/core';
import type { Tracker } from '@neurodex/tracking';
import type { Config } from '../packages/neurodex/src/config.ts';
import type { PictureStore } from '../packages/neurodex/src/pictures/picture-store.ts';
import { nodeMachine } from '../packages/neurodex/src/training/node-machine.ts';
import { type NetworkPlan, planNetwork, train } from '../packages/neurodex/src/training/train.ts';

type Metrics = Readonly<Record<string, number>>;

export interface OurTraining extends Pick<NetworkPlan, 'geometry' | 'table'> {
  readonly parameters: Float32Array;
  readonly steps: number;
  /** Of everything between the pictures and the network: compiling, training and measuring the quality. */
  readonly seconds: number;
  /** At each validation: steps, seconds so far, and the metrics. */
  readonly course: readonly { readonly step: number; readonly seconds: number; readonly metrics: Metrics }[];
}

/**
 * The product's own training on a catalogue in memory.
 * @param enough stops at the first validation that has it
 */
export async function trainOurs(
  store: PictureStore,
  config: Config,
  seed: number,
  enough: (metrics: Metrics) => boolean = () => false,
): Promise<OurTraining> {
  const started = performance.now();
  const elapsed = () => (performance.now() - started) / 1000;
  const { geometry, table } = planNetwork(store, config);
  const reached = new AbortController();
  const course: { step: number; seconds: number; metrics: Metrics }[] = [];
  let step = 0;
  const tracker: Tracker = {
    track(event) {
      if (event.kind === 'step') step = event.step;
    },
    close: async () => {},
  };
  let parameters: Float32Array = new Float32Array();
  try {
    const trained = await train(store, config, {
      runtime: nodeRuntime(),
      machine: nodeMachine,
      seed,
      tracker,
      reporter: silentReporter,
      signal: reached.signal,
      onValidation(metrics, current) {
        course.push({ step, seconds: elapsed(), metrics });
        if (!enough(metrics) || reached.signal.aborted) return;
        parameters = current.slice();
        reached.abort();
      },
    });
    if (!reached.signal.aborted) parameters = trained.model.parameters;
  } catch (error) {
    if (!(error instanceof NeurodexError && error.code === 'interrupted' && reached.signal.aborted)) throw error;
  }
  return { geometry, table, parameters, steps: step, seconds: course.at(-1)?.seconds ?? elapsed(), course };
}
