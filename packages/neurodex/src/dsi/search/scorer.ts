import {
  blocking,
  type Feeds,
  type Graph,
  type HostArray,
  loadable,
  type Runtime,
  type Session,
} from '@neurodex/autograd';
import { cacheNames } from '../graphs/cache-tensors.ts';
import { type SearchShape, searchGraphs } from '../graphs/search.ts';
import type { Geometry } from '../model/geometry.ts';
import { parameterArrays, rowTables } from '../model/parameters.ts';

/** Positions of all queries up to which waking a second thread takes longer than it helps. */
const FEW = 64;

/** Seconds that it takes to trace both graphs, for each layer. */
const GRAPH_SECONDS = 0.01;

/** State of one batch: all arrays are the scorer's, and written anew by the next batch that takes them. */
export interface ScoredBatch {
  /** float32 [S,B,V]: logits of the token after each position, S = those of the prefill, then those of every step. */
  readonly logits: Float32Array;
  /** float32 [P+S,B,D] of each layer, by the names of the step's inputs; empty where no step follows. */
  readonly cache: Readonly<Record<string, Float32Array>>;
}

/** Tokens of a decode step. */
export interface StepInputs {
  /** int32 [T,1], or [T,B] with `perQuery` */
  readonly tokens: Int32Array;
  /** int32 [T] */
  readonly positions: Int32Array;
  /** float32 [T, P+C+T], or [B, 1, T, P+C+T] with `perQuery` */
  readonly mask: Float32Array;
}

/**
 * The network as one or two graphs for one batch size (graphs/search.ts). Parameters are fed, so that training can measure
 * its own network, or built in, so that ONNX Runtime folds what depends on them alone. A decode step reads a few rows of
 * the tables of prefixes, so that these are fed all the same where that costs nothing.
 */
export class Scorer {
  readonly geometry: Geometry;
  readonly shape: SearchShape;
  private readonly first: Session;
  private readonly second: Session | undefined;
  /** What every step is fed. */
  private readonly tables: Feeds;
  /** Arrays that no search holds. */
  private readonly free: ScoredBatch[] = [];

  private constructor(
    first: Session,
    second: Session | undefined,
    tables: Feeds,
    geometry: Geometry,
    shape: SearchShape,
  ) {
    this.first = first;
    this.second = second;
    this.tables = tables;
    this.geometry = geometry;
    this.shape = shape;
  }

  /** @param parameters built into the graphs; without them every call takes them */
  static async create(
    runtime: Runtime,
    geometry: Geometry,
    shape: SearchShape,
    parameters?: Float32Array,
  ): Promise<Scorer> {
    const apart = runtime.inPlace && parameters !== undefined ? rowTables(geometry) : [];
    const graphs = await blocking(GRAPH_SECONDS * geometry.layers, () =>
      searchGraphs(geometry, shape, parameters, apart),
    );
    const load = (graph: Graph, name: string, small: boolean) =>
      runtime.load(loadable(graph, { name, contrib: runtime.contrib }), { small });
    const few = shape.batch * (shape.decodeStep?.positionCount ?? 0) <= FEW;
    return new Scorer(
      await load(graphs.prefill, 'prefill', false),
      graphs.decodeStep && (await load(graphs.decodeStep, 'decode-step', few)),
      tablesOf(geometry, parameters, apart),
      geometry,
      shape,
    );
  }

  /**
   * Encodes queries and decodes the positions of the prefill. `release` gives the arrays back.
   * @param input as `ModelInput.type`
   */
  async prefill(input: HostArray, parameters?: Float32Array): Promise<ScoredBatch & { release(): void }> {
    const scored = this.free.pop() ?? this.allocate();
    const positions = this.shape.prefill.tokens.length;
    const { sequenceLength, width, vocabulary } = this.geometry;
    const { batch } = this.shape;
    const into: Record<string, Float32Array> = { logits: scored.logits.subarray(0, positions * batch * vocabulary) };
    for (const [name, array] of Object.entries(scored.cache)) {
      into[name] = array.subarray(0, (sequenceLength + positions) * batch * width);
    }
    await this.first.run(parameters === undefined ? { input } : { input, parameters }, into);
    return { ...scored, release: () => void this.free.push(scored) };
  }

  /**
   * Decodes T more positions.
   * @param step which of the steps this is, from 0
   * @returns their logits, float32 [T,B,V], which stand in `logits` from position (those of the prefill) + step·T on when
   * kept
   */
  async decodeStep(
    { logits, cache }: ScoredBatch,
    step: number,
    inputs: StepInputs,
    parameters?: Float32Array,
  ): Promise<Float32Array> {
    const { batch, prefill, decodeStep } = this.shape;
    if (this.second === undefined || decodeStep === undefined) throw new RangeError('this scorer has no decode step');
    const { sequenceLength, width, vocabulary } = this.geometry;
    const feeds: Record<string, HostArray> = { ...this.tables, ...inputs };
    const into: Record<string, Float32Array> = {};
    const from = prefill.tokens.length + step * decodeStep.positionCount;
    const to = from + decodeStep.positionCount;
    for (const [name, array] of Object.entries(cache)) {
      feeds[name] = array.subarray(0, (sequenceLength + decodeStep.cached) * batch * width);
      if (decodeStep.steps === 0) continue;
      const row = batch * width;
      into[`next.${name}`] = array.subarray((sequenceLength + from) * row, (sequenceLength + to) * row);
    }
    if (decodeStep.steps > 0) into.logits = logits.subarray(from * batch * vocabulary, to * batch * vocabulary);
    if (parameters !== undefined) feeds.parameters = parameters;
    const outputs = await this.second.run(feeds, into);
    return outputs.logits as Float32Array;
  }

  async release(): Promise<void> {
    await this.first.release();
    await this.second?.release();
  }

  private allocate(): ScoredBatch {
    const { sequenceLength, width, layers, vocabulary } = this.geometry;
    const { batch, prefill, decodeStep } = this.shape;
    const steps = decodeStep === undefined ? 0 : decodeStep.steps * decodeStep.positionCount;
    const positions = prefill.tokens.length + steps;
    const names = decodeStep === undefined ? [] : cacheNames(layers).flat();
    const array = () => new Float32Array((sequenceLength + positions) * batch * width);
    return {
      logits: new Float32Array(positions * batch * vocabulary),
      cache: Object.fromEntries(names.map((name) => [name, array()])),
    };
  }
}

/** Views of the tables that are fed, by their names. */
const tablesOf = (geometry: Geometry, parameters: Float32Array | undefined, apart: readonly string[]): Feeds =>
  parameters === undefined
    ? {}
    : Object.fromEntries(
        Object.entries(parameterArrays(geometry, parameters)).flatMap(([name, { data }]) =>
          apart.includes(name) ? [[name, data]] : [],
        ),
      );
