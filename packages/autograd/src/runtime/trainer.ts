import { defined, mapValues } from '@neurodex/core';
import { Random } from '@neurodex/core/random';
import { GraphError } from '../core/errors.ts';
import { single } from '../core/op.ts';
import type { Tensor } from '../core/tensor.ts';
import { allocate, elementCount, float32, type TensorType } from '../core/types.ts';
import { gradients } from '../graph/backward.ts';
import type { Graph } from '../graph/graph.ts';
import { type InputTensors, type InputTypes, trace } from '../graph/trace.ts';
import {
  initialParameters,
  layout,
  openParameters,
  type ParameterSpecs,
  type Parameters,
  parameterCount,
} from '../nn/parameters.ts';
import { add } from '../ops/elementwise.ts';
import { constant } from '../ops/source.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { blocking, traceSeconds } from './blocking.ts';
import { loadable } from './model.ts';
import type { Feeds, Runtime, Session } from './runtime.ts';

/** What is trained, and how. */
export interface TrainingDefinition<S extends ParameterSpecs, I extends InputTypes> {
  /** What is learned, by name. */
  readonly parameters: S;
  /** What a step is fed, beside the parameters. */
  readonly inputs: I;
  /** The scalar to minimise, and other scalars to report. */
  loss(
    parameters: Parameters<S>,
    inputs: InputTensors<I>,
  ): { readonly loss: Tensor } & Readonly<Record<string, Tensor>>;
  /** What makes of gradients the next parameters. */
  readonly optimizer: Optimizer;
}

/**
 * Forward, backward and update as one graph; parameters and moments go in and come out as flat vectors [n]. `Trainer`
 * compiles and runs it.
 * @throws GraphError for an input that has the name of one of the graph's own: `parameters`, `learningRate`, `step`, a moment
 * @example
 * ```ts
 * import { adamW, float32, mean, mul, trainingGraph, zeros } from '@neurodex/autograd';
 *
 * const graph = trainingGraph({
 *   parameters: { weight: zeros(3) },
 *   inputs: { x: float32(3) },
 *   loss: ({ weight }, { x }) => ({ loss: mean(mul(weight, x)) }),
 *   optimizer: adamW(),
 * });
 * console.log(graph.inputs.map(({ name }) => name).join(' ')); // → parameters moment1 moment2 learningRate step x
 * ```
 */
export function trainingGraph<S extends ParameterSpecs, I extends InputTypes>(
  definition: TrainingDefinition<S, I>,
): Graph {
  const n = parameterCount(definition.parameters);
  const momentNames = definition.optimizer.moments;
  const own: InputTypes = {
    parameters: float32(n),
    ...Object.fromEntries(momentNames.map((name) => [name, float32(n)])),
    learningRate: float32(),
    step: float32(),
  };
  const taken = Object.keys(definition.inputs).find((name) => Object.hasOwn(own, name));
  if (taken !== undefined) throw new GraphError(`the training graph has an input called ${taken} already`);
  const inputs: InputTypes = { ...own, ...definition.inputs };
  return trace(inputs, (tensors, scope) => {
    const input = (name: string): Tensor => defined(tensors[name], `the input ${name}`);
    const parameters = input('parameters');
    const named = openParameters(definition.parameters, parameters);
    const { loss, ...metrics } = definition.loss(
      named,
      mapValues(definition.inputs, (_: TensorType, name) => input(name)),
    );
    const gradient = single(gradients(loss, [parameters]));
    const decayed = new Float32Array(n);
    for (const [, spec, start, end] of layout(definition.parameters)) decayed.fill(spec.decay ? 1 : 0, start, end);
    const update = definition.optimizer.update({
      parameters,
      gradient,
      moments: Object.fromEntries(momentNames.map((name) => [name, input(name)])),
      learningRate: input('learningRate'),
      step: input('step'),
      decayed: constant(scope, 'float32', [n], decayed),
      layout: Object.entries(definition.parameters).map(([name, { shape, matrices }]) => ({
        name,
        shape,
        ...(matrices === undefined ? {} : { matrices }),
      })),
    });
    const moments = Object.fromEntries(
      momentNames.map((name) => [`next.${name}`, defined(update.moments[name], `the moment ${name}`)]),
    );
    return { 'next.parameters': add(parameters, update.gradient), ...moments, loss, ...metrics, ...update.metrics };
  });
}

/** Everything a training run needs to go on where it stopped. */
export interface SavedTrainingState {
  /** [n] each: 'parameters' and the optimizer's moments. */
  readonly vectors: Readonly<Record<string, Float32Array>>;
  /** Steps of the run. */
  readonly step: number;
  /** Steps of the optimizer. */
  readonly optimizerStep: number;
  /** State of the dropout noise. */
  readonly noise: readonly number[];
}

/** What differs from step to step. */
export interface StepSettings {
  /** Of this step. */
  readonly learningRate: number;
}

/**
 * One compiled training step of one batch shape, sharing its state with others through `TrainingState`.
 * @example
 * ```ts
 * import { adamW, float32, glorot, linear, mean, mul, sub, Trainer, TrainingState, zeros } from '@neurodex/autograd';
 * import { nodeRuntime } from '@neurodex/autograd/node';
 *
 * const parameters = { weight: glorot(1, 1), bias: zeros(1) };
 * const optimizer = adamW({ weightDecay: 0 });
 * const trainer = await Trainer.create(nodeRuntime(), {
 *   parameters,
 *   optimizer,
 *   inputs: { x: float32(4, 1), y: float32(4, 1) },
 *   loss({ weight, bias }, { x, y }) {
 *     const error = sub(linear(x, { weight, bias }), y);
 *     return { loss: mean(mul(error, error)) };
 *   },
 * });
 * const state = TrainingState.initial(parameters, optimizer, 1);
 * const line = { x: Float32Array.of(0, 1, 2, 3), y: Float32Array.of(1, 3, 5, 7) };
 * const { loss: first } = await trainer.step(state, line, { learningRate: 0.1 });
 * for (let step = 0; step < 50; step++) await trainer.step(state, line, { learningRate: 0.1 });
 * const { loss: last } = await trainer.step(state, line, { learningRate: 0.1 });
 * console.log(Number(last) < Number(first)); // → true
 * ```
 */
export class Trainer {
  private readonly session: Session;
  private readonly metrics: readonly string[];
  private readonly noise: { name: string; bytes: Uint8Array }[];

  private constructor(session: Session, graph: Graph) {
    this.session = session;
    this.metrics = graph.outputs.map((o) => o.name).filter((name) => !name.startsWith('next.'));
    this.noise = graph.noise.map(({ name, value }) => ({
      name,
      bytes: new Uint8Array(elementCount(graph.types[value]?.shape ?? [])),
    }));
  }

  /** Compiles the training step. */
  static async create<S extends ParameterSpecs, I extends InputTypes>(
    runtime: Runtime,
    definition: TrainingDefinition<S, I>,
  ): Promise<Trainer> {
    const [graph, model] = await blocking(traceSeconds(Object.keys(definition.parameters).length), () => {
      const traced = trainingGraph(definition);
      return [traced, loadable(traced, { name: 'training-step', contrib: runtime.contrib })] as const;
    });
    return new Trainer(await runtime.load(model), graph);
  }

  /** Advances `memory` by one step and returns the loss and the other scalars. */
  async step(
    memory: TrainingState,
    feeds: Feeds,
    { learningRate }: StepSettings,
  ): Promise<Readonly<Record<string, number>>> {
    for (const { bytes } of this.noise) memory.random.fillBytes(bytes);
    const given: Record<string, Feeds[string]> = { ...feeds, ...memory.current };
    for (const { name, bytes } of this.noise) given[name] = bytes;
    given.learningRate = Float32Array.of(learningRate);
    given.step = Float32Array.of(memory.optimizerStep + 1);
    const into = Object.fromEntries(Object.entries(memory.spare).map(([name, array]) => [`next.${name}`, array]));
    const outputs = await this.session.run(given, into);
    memory.advance();
    return Object.fromEntries(this.metrics.map((name) => [name, Number(outputs[name]?.[0])]));
  }

  /** Frees the step. */
  release(): Promise<void> {
    return this.session.release();
  }
}

/**
 * Parameters and moments, twice: a step reads one set and writes the other. `save` and `restore` continue a training bit
 * for bit.
 * @example
 * ```ts
 * import { adamW, ones, TrainingState, zeros } from '@neurodex/autograd';
 *
 * const state = TrainingState.initial({ gain: ones(2), bias: zeros(1) }, adamW(), 1);
 * console.log(state.parameters, Object.keys(state.current).join(' ')); // → Float32Array(3) [ 1, 1, 0 ] parameters moment1 moment2
 * const restored = TrainingState.restore(state.save());
 * console.log(restored.step, restored.random.uint32() === state.random.uint32()); // → 0 true
 * ```
 */
export class TrainingState {
  /** Parameters and moments of now. */
  current: Record<string, Float32Array>;
  /** Arrays that the next step writes to. */
  spare: Record<string, Float32Array>;
  /** What dropout draws from. */
  random: Random;
  /** Steps over the whole run. */
  step: number;
  /** Steps since the optimizer's vectors were zero, which its bias correction counts. */
  optimizerStep: number;

  private constructor(
    vectors: Readonly<Record<string, Float32Array>>,
    step: number,
    optimizerStep: number,
    random: Random,
  ) {
    this.current = { ...vectors };
    this.spare = Object.fromEntries(Object.entries(vectors).map(([name, v]) => [name, allocate('float32', v.length)]));
    this.step = step;
    this.optimizerStep = optimizerStep;
    this.random = random;
  }

  /** Fresh parameters and zero moments, from a seed. */
  static initial(specs: ParameterSpecs, optimizer: Optimizer, seed: number): TrainingState {
    const parameters = initialParameters(specs, Random.stream(seed, 'parameters'));
    const moments = Object.fromEntries(optimizer.moments.map((name) => [name, new Float32Array(parameters.length)]));
    return new TrainingState({ parameters, ...moments }, 0, 0, Random.stream(seed, 'dropout'));
  }

  /** The state of a run that goes on. */
  static restore(state: SavedTrainingState): TrainingState {
    const vectors = Object.fromEntries(Object.entries(state.vectors).map(([name, v]) => [name, v.slice()]));
    return new TrainingState(vectors, state.step, state.optimizerStep, Random.restore(state.noise));
  }

  /** A copy that later steps do not change. */
  save(): SavedTrainingState {
    const vectors = Object.fromEntries(Object.entries(this.current).map(([name, v]) => [name, v.slice()]));
    return { vectors, step: this.step, optimizerStep: this.optimizerStep, noise: this.random.state };
  }

  /** All parameters, one behind the other. */
  get parameters(): Float32Array {
    return defined(this.current.parameters, 'the vector of parameters');
  }

  /** Forgets the optimizer's vectors, as at the start of a new phase. */
  clearMoments(): void {
    for (const [name, vector] of Object.entries(this.current)) if (name !== 'parameters') vector.fill(0);
    this.optimizerStep = 0;
  }

  /**
   * Takes the last step back, once: parameters and moments are again as they were before it. It stays counted in `step`,
   * and the noise goes on, so that what follows is another draw.
   */
  undo(): void {
    [this.current, this.spare] = [this.spare, this.current];
    this.optimizerStep--;
  }

  /** Takes what a step has computed. */
  advance(): void {
    [this.current, this.spare] = [this.spare, this.current];
    this.step++;
    this.optimizerStep++;
  }
}
