import { parameterCount, type Runtime } from '@neurodex/autograd';
import { NeurodexError, silentReporter } from '@neurodex/core';
import type { Config } from '../packages/neurodex/src/config.ts';
import { dsiParameters } from '../packages/neurodex/src/dsi/model/parameters.ts';
import { evaluateSystem } from '../packages/neurodex/src/evaluation/evaluate.ts';
import { queriesOf } from '../packages/neurodex/src/evaluation/queries.ts';
import { parseMeasure } from '../packages/neurodex/src/evaluation/registry.ts';
import { type PictureStore, pixelsOf } from '../packages/neurodex/src/pictures/picture-store.ts';
import { storedQuery } from '../packages/neurodex/src/pictures/stored-query.ts';
import { topK } from '../packages/neurodex/src/query/answers.ts';
import { type PictureQuery, pictureQueries } from '../packages/neurodex/src/query/query.ts';
import type { System } from '../packages/neurodex/src/query/system.ts';
import { dot } from '../packages/neurodex/src/systems/vector-search.ts';
import type { Checkpoint } from '../packages/neurodex/src/training/checkpoint.ts';
import { nodeMachine } from '../packages/neurodex/src/training/node-machine.ts';
import { plannedSteps, type SeeSource, see, seeGeometry } from '../packages/neurodex/src/training/see.ts';
import { encodeQueries } from '../packages/neurodex/src/training/states.ts';

/** What was measured at one look. */
export interface Look {
  readonly step: number;
  /** Of training so far, without the looks. */
  readonly seconds: number;
  /** The same of all threads together. */
  readonly cpuSeconds: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface TrainingRequest {
  readonly store: PictureStore;
  readonly config: Config;
  readonly seed: number;
  /** How many, evenly over the steps that the configuration plans. */
  readonly looks: number;
  /** Training stops after so many at the latest, with its schedule unchanged; by default it goes on to its end. */
  readonly mostSteps?: number;
  /** Training stops at the first look that has it. */
  enough(metrics: Readonly<Record<string, number>>): boolean;
  onLook?(look: Look): void;
}

const MEASURES = ['IA@1', 'P@10', 'AP@10', 'Success@1'].map(parseMeasure);

/** The pictures that a network of this configuration learns to see with. */
export function seenSource(store: PictureStore, config: Config): SeeSource {
  const pictures = [...store.catalogue, ...store.queries('train')];
  const bytes = store.size ** 2 * 3;
  const pixels = new Uint8Array(pictures.length * bytes);
  pictures.forEach(({ row }, i) => void pixels.set(pixelsOf(store, row), i * bytes));
  const seen = pictures.map(({ labels }, row) => ({ row, labels }));
  return { geometry: seeGeometry(config, undefined), config, store: { size: store.size, pixels }, pictures: seen };
}

/** Steps of the whole schedule, the last one that is taken, and how many lie between two looks. */
export function stepsOf({ config, looks, mostSteps = Infinity }: TrainingRequest, pictures: number) {
  const steps = plannedSteps(config, pictures);
  const last = Math.min(steps, mostSteps);
  return { steps, last, every: Math.min(last, Math.ceil(steps / looks)) };
}

/** Trains as the stage `see` does, and looks at the quality on the way; the time of the looks does not count. */
export async function trainToQuality(request: TrainingRequest, runtime: Runtime): Promise<readonly Look[]> {
  const { store, seed, enough, onLook } = request;
  const seen = seenSource(store, request.config);
  const { steps, last, every } = stepsOf(request, seen.pictures.length);
  const training = { ...request.config.training, checkpointEvery: every, validateEvery: every };
  const source = { ...seen, config: { ...request.config, training } };
  const own = parameterCount(dsiParameters(source.geometry));
  const reached = new AbortController();
  const looks: Look[] = [];
  const clock = new Clock();
  const save = async ({ state }: Pick<Checkpoint, 'state'>): Promise<void> => {
    // A slow machine saves more often than every so many steps.
    if (looks.at(-1)?.step === state.step || (state.step % every !== 0 && state.step !== last)) return;
    clock.stop();
    const parameters = (state.vectors.parameters ?? new Float32Array()).subarray(0, own);
    const network = { runtime, geometry: source.geometry, parameters, backbone: undefined };
    const metrics = await measureStates(store, (queries) => encodeQueries(network, queries));
    const look = { step: state.step, ...clock.read(), metrics };
    looks.push(look);
    onLook?.(look);
    if (enough(metrics) || state.step >= last) reached.abort();
    clock.start();
  };
  clock.start();
  try {
    await see(source, steps, {
      runtime,
      machine: nodeMachine,
      seed,
      tracker: { track: () => {}, close: async () => {} },
      reporter: silentReporter,
      signal: reached.signal,
      checkpoints: { save, settled: async () => {} },
    });
  } catch (error) {
    if (!(error instanceof NeurodexError && error.code === 'interrupted' && reached.signal.aborted)) throw error;
  }
  return looks;
}

/** Seconds and processor seconds between its starts and stops. */
export class Clock {
  private seconds = 0;
  private cpu = 0;
  private began = 0;
  private cpuBegan = process.cpuUsage();

  start(): void {
    this.began = performance.now();
    this.cpuBegan = process.cpuUsage();
  }

  stop(): void {
    this.seconds += (performance.now() - this.began) / 1000;
    const { user, system } = process.cpuUsage(this.cpuBegan);
    this.cpu += (user + system) / 1e6;
  }

  read(): { readonly seconds: number; readonly cpuSeconds: number } {
    return { seconds: this.seconds, cpuSeconds: this.cpu };
  }
}

/**
 * What a written memory of these states answers, by exact comparison of all of them.
 * @param encode gives the states of queries, float32 [D] each
 */
export async function measureStates(
  store: PictureStore,
  encode: (queries: readonly PictureQuery[]) => Promise<readonly Float32Array[]>,
): Promise<Readonly<Record<string, number>>> {
  const rows = store.catalogue.map(({ row }) => row);
  const states = await encode(rows.map((row) => storedQuery(store, row)));
  const system: System = {
    name: 'states',
    memorises: true,
    async rank(queries, k) {
      const asked = await encode(pictureQueries(queries));
      return asked.map((query) =>
        topK(
          states.map((state, i) => ({ row: rows[i] ?? NaN, score: dot(query, state, 0) })),
          k,
        ),
      );
    },
    close: async () => {},
  };
  const { metrics } = await evaluateSystem({
    system,
    store,
    queries: queriesOf(store, 'test'),
    measures: MEASURES,
    batchSize: 256,
  });
  return metrics;
}
