import { availableParallelism } from 'node:os';
import { learningRateAt, Random, TrainingState } from '@neurodex/autograd';
import { ClassBatches } from '../packages/neurodex/src/training/class-batches.ts';
import { loadBatch } from '../packages/neurodex/src/training/load-batch.ts';
import { optimizerOf } from '../packages/neurodex/src/training/optimizer.ts';
import { type SeeSource, seeParameters, seePhase } from '../packages/neurodex/src/training/see.ts';
import { trainingInput } from '../packages/neurodex/src/training/training-input.ts';
import { Clock, type Look, measureStates, seenSource, stepsOf, type TrainingRequest } from './leaderboard-training.ts';
import type { SeePeer } from './see-peer.ts';

/** Times of training in PyTorch, of all steps so far. */
export interface PeerTimes {
  /** Of the steps alone. */
  readonly steps: { readonly seconds: number; readonly cpuSeconds: number };
  /** Of drawing and augmenting the batches, on one thread. */
  readonly loading: { readonly seconds: number; readonly cpuSeconds: number };
}

export type PeerLook = Look & PeerTimes;

interface Batch {
  readonly pictures: Uint8Array;
  readonly classes: Float32Array;
}

/** The batches that `see` has of this seed, in the same order, and what they took. */
export class SeedBatches {
  private readonly maker: ClassBatches;
  private readonly clock = new Clock();

  constructor({ geometry, config, store, pictures }: SeeSource, seed: number) {
    const input = trainingInput(geometry.input, store);
    this.maker = new ClassBatches({ geometry, config, input, pictures }, Random.stream(seed, 'batches see'));
  }

  next(count: number): Batch[] {
    return Array.from({ length: count }, () => {
      const { input, targets } = this.maker.allocate();
      this.clock.start();
      loadBatch(this.maker.inputSource, { input, first: 0, views: this.maker.draw({ targets }) });
      this.clock.stop();
      const { classes } = targets;
      if (!(input instanceof Uint8Array && classes instanceof Float32Array))
        throw new RangeError('PyTorch is given pictures and classes alone');
      return { pictures: input, classes };
    });
  }

  get times(): PeerTimes['loading'] {
    return this.clock.read();
  }
}

/** Parameters that `see` begins with. */
export const initialOf = (source: SeeSource, seed: number): Float32Array =>
  TrainingState.initial(seeParameters(source), optimizerOf(source.config.training), seed).parameters;

/**
 * The peer of `trainToQuality`: the same batches and initial parameters, and looks after the same steps, by the same measures. Our
 * side makes the batches before the clock of PyTorch runs; what that took is added by `together`.
 */
export async function trainPeerToQuality(peer: SeePeer, request: TrainingRequest): Promise<readonly PeerLook[]> {
  const { store, config, seed, enough, onLook } = request;
  const source = seenSource(store, config);
  const { steps, last, every } = stepsOf(request, source.pictures.length);
  const { schedule } = seePhase(config, steps);
  const batches = new SeedBatches(source, seed);
  await peer.begin(initialOf(source, seed));
  const looks: PeerLook[] = [];
  let own = { seconds: 0, cpuSeconds: 0 };
  for (let step = 0; step < last; ) {
    const count = Math.min(every, last - step);
    const rates = Array.from({ length: count }, (_, i) => learningRateAt(schedule, step + i + 1));
    const { seconds, cpuSeconds } = await peer.train(batches.next(count), rates);
    own = { seconds: own.seconds + seconds, cpuSeconds: own.cpuSeconds + cpuSeconds };
    step += count;
    const times = { steps: own, loading: batches.times };
    const metrics = await measureStates(store, (queries) => peer.encode(queries));
    const look = { step, ...together(times, peer.description.threads), ...times, metrics };
    looks.push(look);
    onLook?.(look);
    if (enough(metrics)) break;
  }
  return looks;
}

/**
 * Steps and loading as one training: processor seconds add up. Of the seconds, it is taken that other threads load the batches and
 * never keep a step waiting, as well as the cores allow: the least that a program around these steps can take.
 */
export function together(
  { steps, loading }: PeerTimes,
  threads: number,
  cores = availableParallelism(),
): { readonly seconds: number; readonly cpuSeconds: number } {
  const work = Math.min(threads, cores) * steps.seconds + loading.seconds;
  return {
    seconds: Math.max(steps.seconds, loading.seconds, work / cores),
    cpuSeconds: steps.cpuSeconds + loading.cpuSeconds,
  };
}
