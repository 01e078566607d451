import { type Feeds, learningRateAt, type Optimizer, Random, Trainer, type TrainingState } from '@neurodex/autograd';
import { NeurodexError, throwIfInterrupted } from '@neurodex/core';
import type { Config } from '../config.ts';
import { trainingStep } from '../dsi/graphs/training.ts';
import type { BatchArrays, Batches } from './batches.ts';
import type { Checkpoint } from './checkpoint.ts';
import { EarlyStopping, type Metrics } from './early-stopping.ts';
import type { BatchLoader } from './loader.ts';
import { loaderOn } from './machine.ts';
import { bytesInWords, stepBytes } from './memory.ts';
import type { Phase } from './plan.ts';
import type { TrainingRun, Validated } from './run.ts';

/** Batches skipped in a row after which training stops all the same: it is not the batches then. */
const MOST_SKIPPED = 10;

/** Seconds of a step during which a signal may end the process without a checkpoint, and of work that is lost then. */
const SLOW_STEP = 1;
const MOST_LOST = 60;

/** What a phase begins with. */
export interface PhaseStart {
  readonly run: TrainingRun;
  readonly phase: Phase;
  readonly optimizer: Optimizer;
  readonly state: TrainingState;
  /** What earlier phases left. */
  readonly good: Validated | undefined;
  /** Where an earlier process left this phase. */
  readonly from: Checkpoint | undefined;
  /** Batches skipped by earlier phases. */
  readonly skipped: number;
}

/** One phase, from its beginning or from where it was left. */
export class PhaseTraining {
  private readonly start: PhaseStart;
  private readonly stopping: EarlyStopping;
  private readonly maker: Batches;
  private done: number;
  private validated: Metrics;
  private validatedAt: number;
  /** Of the newest step that counts. */
  private newest: Readonly<Record<string, number>> = {};
  private savedAt = performance.now();
  private readonly skips: { all: number; stretch: number };
  /** Where the batches after the last one that was taken begin. */
  private batches: Checkpoint['batches'];

  constructor(start: PhaseStart) {
    this.start = start;
    const { run, phase, from, skipped } = start;
    const { patience } = run.config.training;
    this.stopping = new EarlyStopping(patience, {
      waited: from?.waited ?? 0,
      ...(from?.best ? { best: from.best } : {}),
    });
    this.maker = run.batches(phase, Random.stream(run.seed, `batches ${phase.name}`));
    if (from !== undefined) this.maker.restore(from.batches);
    this.batches = this.maker.state;
    this.done = from?.phaseStep ?? 0;
    this.validated = from?.validated ?? {};
    this.validatedAt = from?.validatedAt ?? 0;
    this.skips = { all: skipped, stretch: from?.skipped.stretch ?? 0 };
  }

  get best(): Validated | undefined {
    return this.stopping.state;
  }

  get skipped(): Checkpoint['skipped'] {
    return this.skips;
  }

  /** @returns the error of training that cannot go on */
  async run(): Promise<NeurodexError | undefined> {
    const { stopping, maker } = this;
    const { run, phase, optimizer } = this.start;
    if (this.done >= phase.steps || stopping.stopped) return await this.validateOnce();
    this.refuseLargeStep();
    const { objective, size: batch } = maker;
    const { geometry } = run;
    const step = trainingStep({ geometry, batch, objective, dropout: run.config.model.dropout, optimizer });
    const trainer = await Trainer.create(run.runtime, step);
    const loader = loaderOn(run.machine, maker, phase.steps - this.done);
    try {
      while (this.done < phase.steps && !stopping.stopped) {
        await this.stopIfInterrupted();
        const diverged = await this.step(trainer, loader);
        if (diverged !== undefined) return diverged;
      }
      return undefined;
    } finally {
      await loader.close();
      await trainer.release();
      await run.checkpoints?.settled();
    }
  }

  /** Now that the identifiers are known, whether a step fits into memory. @throws NeurodexError `config-invalid` */
  private refuseLargeStep(): void {
    const { geometry, machine } = this.start.run;
    const { size: batch, objective } = this.maker;
    const shapes = Object.values(objective.inputs(batch)).map(({ shape }) => shape[0] ?? 0);
    // Without identifiers, BOS alone is behind a picture, and the targets say nothing of positions.
    const positions = this.start.phase.identifiers === 0 ? 1 : Math.max(0, ...shapes);
    const sizes = { ...geometry, stem: 3 * geometry.patchSize ** 2, positions, batch };
    const needed = stepBytes(sizes);
    const available = machine.memory();
    if (needed <= available) return;
    const one = stepBytes({ ...sizes, batch: 1 });
    const fits = Math.floor(1 + (available - one) / (stepBytes({ ...sizes, batch: 2 }) - one));
    throw new NeurodexError(
      'config-invalid',
      `training.batchSize ${batch} with ${positions === 1 ? '1 token' : `${positions} tokens`} behind each picture would take ${bytesInWords(needed)} of memory at the least, and there are ${bytesInWords(available)}`,
      {
        hint:
          fits > 0
            ? `set training.batchSize to ${fits} or less`
            : 'lower model.width, model.layers or training.multiTargetMaxSize',
        details: { keys: ['training.batchSize'] },
      },
    );
  }

  private async step(trainer: Trainer, loader: BatchLoader): Promise<NeurodexError | undefined> {
    const { maker } = this;
    const { run, phase, state } = this.start;
    const { tracker, reporter, config } = run;
    const { validateEvery, checkpointEvery } = config.training;
    const started = performance.now();
    const batch = await loader.next();
    const learningRate = learningRateAt(phase.schedule, this.done + 1);
    const running = trainer.step(state, feedsOf(batch.arrays), { learningRate });
    // The batches that follow are made ready while this one is computed.
    loader.prefetch();
    const { loss = Number.NaN, tokenAccuracy = 0, gradientNorm = Number.NaN } = await running;
    const seconds = (performance.now() - started) / 1000;
    const step = ++this.done;
    this.batches = batch.state;
    if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) {
      this.skips.stretch = 0;
      this.newest = { loss, tokenAccuracy };
      tracker.track({
        kind: 'step',
        phase: phase.name,
        step: state.step,
        loss,
        tokenAccuracy,
        learningRate,
        gradientNorm,
        picturesPerSecond: maker.size / seconds,
        seconds,
      });
    } else if (!this.skip(loss, gradientNorm)) {
      return divergence(phase, step, loss, config);
    }
    if (step % validateEvery === 0 || step === phase.steps) {
      const diverged = await this.validate(loss);
      if (diverged !== undefined) return diverged;
      if (this.stopping.stopped) {
        const { patience } = config.training;
        reporter.info(`${phase.name}: stopped at step ${step}, no better for ${patience} validations`);
      }
    }
    const due = seconds > SLOW_STEP && performance.now() - this.savedAt > 1000 * MOST_LOST;
    if (step % checkpointEvery === 0 || step === phase.steps || this.stopping.stopped || due) await this.save();
    reporter.progress({
      phase: phase.name,
      done: step,
      total: phase.steps,
      unit: 'steps',
      metrics: { ...this.newest, ...this.validated, ...(this.skips.all > 0 ? { skipped: this.skips.all } : {}) },
    });
    return undefined;
  }

  /** Undoes the last step where that is asked for. @returns whether training goes on */
  private skip(loss: number, gradientNorm: number): boolean {
    const { run, state } = this.start;
    const { onNan = 'stop', reporter } = run;
    if (onNan === 'stop' || this.skips.stretch >= MOST_SKIPPED) return false;
    state.undo();
    this.skips.all++;
    this.skips.stretch++;
    const message = `step ${state.step}: the batch is skipped, its loss is ${loss} and the norm of its gradient ${gradientNorm} (${this.skips.all} so far)`;
    reporter.warn(message, { step: state.step, skipped: this.skips.all });
    return true;
  }

  private async validate(loss: number): Promise<NeurodexError | undefined> {
    const { phase, state, run } = this.start;
    const measured = await measure(run, phase, state.parameters);
    if (measured === undefined) return divergence(phase, this.done, loss, run.config);
    this.validated = measured;
    this.validatedAt = this.done;
    run.tracker.track({ kind: 'validation', phase: phase.name, step: state.step, metrics: measured });
    this.stopping.update(measured, state.step, state.parameters);
    return undefined;
  }

  /** A phase that a changed configuration has made shorter than it is already ends with the state that it has. */
  private async validateOnce(): Promise<NeurodexError | undefined> {
    if (this.stopping.stopped || this.validatedAt === this.done) return undefined;
    return await this.validate(Number.NaN);
  }

  private async stopIfInterrupted(): Promise<void> {
    const { signal, checkpoints } = this.start.run;
    if (!signal?.aborted) return;
    if (this.done > 0) await this.save();
    await checkpoints?.settled();
    throwIfInterrupted(signal);
  }

  private async save(): Promise<void> {
    const best = this.stopping.state;
    this.savedAt = performance.now();
    const { run, phase, state, good } = this.start;
    await run.checkpoints?.save({
      phase: phase.name,
      phaseStep: this.done,
      state: state.save(),
      batches: this.batches,
      ...(best === undefined ? {} : { best }),
      waited: this.stopping.waited,
      ...(good === undefined ? {} : { good }),
      validated: this.validated,
      validatedAt: this.validatedAt,
      skipped: { ...this.skips },
    });
  }
}

const feedsOf = ({ input, targets }: BatchArrays): Feeds => ({ input, ...targets });

/** Metrics of the network as it is; undefined when its answers became NaN. */
async function measure(run: TrainingRun, phase: Phase, parameters: Float32Array): Promise<Metrics | undefined> {
  try {
    return await run.validate(parameters, phase);
  } catch (error) {
    // The evaluation refuses scores that are not numbers as those of a damaged index; here the network itself is at fault.
    if (error instanceof NeurodexError && error.code === 'index-damaged') return undefined;
    throw error;
  }
}

/** What to change when training diverged. */
export const divergenceAdvice = ({ training }: Config): string =>
  `lower training.learningRate (it is ${training.learningRate}) or training.gradientClip (${training.gradientClip}), or raise training.warmupFraction (${training.warmupFraction})`;

const divergence = (phase: Phase, step: number, loss: number, config: Config): NeurodexError =>
  new NeurodexError(
    'training-diverged',
    `training diverged at step ${step} of the ${phase.name} phase: the loss is ${loss}`,
    {
      hint: divergenceAdvice(config),
      details: { phase: phase.name, step, learningRate: config.training.learningRate },
    },
  );
