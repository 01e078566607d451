import { type HostArray, loadable, type Runtime, type Session } from '@neurodex/autograd';
import { stateGraph } from '../graphs/state.ts';
import type { Geometry } from '../model/geometry.ts';

/** What is asked of a StateEncoder. */
export type StateMaker = Pick<StateEncoder, 'batch' | 'encode' | 'release'>;

/** Makes states of queries, B at a time. */
export class StateEncoder {
  readonly batch: number;
  /** D */
  readonly width: number;
  private readonly session: Session;

  private constructor(session: Session, batch: number, width: number) {
    this.session = session;
    this.batch = batch;
    this.width = width;
  }

  /** @param parameters built into the graph; without them every call takes them */
  static async create(
    runtime: Runtime,
    geometry: Geometry,
    batch: number,
    parameters?: Float32Array,
  ): Promise<StateEncoder> {
    const graph = stateGraph(geometry, batch, parameters);
    const session = await runtime.load(loadable(graph, { name: 'states', contrib: runtime.contrib }));
    return new StateEncoder(session, batch, geometry.width);
  }

  /**
   * @param input as `ModelInput.type`
   * @returns unit vectors, float32 [B, D]
   */
  async encode(input: HostArray, parameters?: Float32Array): Promise<Float32Array> {
    const states = new Float32Array(this.batch * this.width);
    await this.session.run(parameters === undefined ? { input } : { input, parameters }, { states });
    return states;
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
