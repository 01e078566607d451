import { type adamW, type Feeds, learningRateAt, Random, Trainer, type TrainingMemory } from '@neurodex/autograd';
import type { Config } from '../config.ts';
import { NeurodexError } from '../errors.ts';
import { throwIfInterrupted } from '../storage/atomic.ts';
import { BestKeeper, type Figures } from './best.ts';
import type { Checkpoint } from './checkpoint.ts';
import { type BatchArrays, BatchMaker } from './examples.ts';
import { BatchLoader } from './loader.ts';
import { bytesInWords, machineMemory, stepBytes } from './memory.ts';
import type { Phase } from './plan.ts';
import type { Good, TrainingRun } from './run.ts';
import { trainingStep } from './step.ts';

/** Batches skipped in a row after which training stops all the same: it is not the batches then. */
const MOST_SKIPPED = 10;

/** Seconds of a step during which a signal may end the process without a checkpoint, and of work that is lost then. */
const SLOW_STEP = 1;
const MOST_LOST = 60;

/** One phase, from its beginning or from where it was left. */
export class PhaseTraining {
  private readonly trained: TrainingRun;
  private readonly phase: Phase;
  private readonly optimizer: ReturnType<typeof adamW>;
  private readonly memory: TrainingMemory;
  private readonly good: Good | undefined;
  private readonly keeper: BestKeeper;
  private readonly maker: BatchMaker;
  private done: number;
  private validated: Figures;
  private validatedAt: number;
  /** Of the newest step that counts. */
  private newest: Readonly<Record<string, number>> = {};
  private savedAt = performance.now();
  private readonly skips: { all: number; stretch: number };
  /** Where the batches after the last one that was taken begin. */
  private batches: Checkpoint['batches'];

  constructor(
    run: TrainingRun,
    phase: Phase,
    optimizer: ReturnType<typeof adamW>,
    memory: TrainingMemory,
    good: Good | undefined,
    from: Checkpoint | undefined,
    skipped: number,
  ) {
    this.trained = run;
    this.phase = phase;
    this.optimizer = optimizer;
    this.memory = memory;
    this.good = good;
    const { patience } = run.config.training;
    this.keeper = new BestKeeper(patience, { waited: from?.waited ?? 0, ...(from?.best ? { best: from.best } : {}) });
    this.maker = new BatchMaker(run.source, phase, run.examples, Random.stream(run.seed, `batches ${phase.name}`));
    if (from !== undefined) this.maker.restore(from.batches);
    this.batches = this.maker.state;
    this.done = from?.phaseStep ?? 0;
    this.validated = from?.validated ?? {};
    this.validatedAt = from?.validatedAt ?? 0;
    this.skips = { all: skipped, stretch: from?.skipped.stretch ?? 0 };
  }

  get best(): Good | undefined {
    return this.keeper.state;
  }

  get skipped(): Checkpoint['skipped'] {
    return this.skips;
  }

  /** @returns the error of training that cannot go on */
  async run(): Promise<NeurodexError | undefined> {
    const { phase, keeper } = this;
    const { config, runtime, geometry } = this.trained;
    if (this.done >= phase.steps || keeper.stopped) return await this.validateOnce();
    this.refuseLargeStep();
    const trainer = await Trainer.create(
      runtime,
      trainingStep({
        geometry,
        batch: this.maker.size,
        asking: this.maker.asking,
        dropout: config.model.dropout,
        optimizer: this.optimizer,
      }),
    );
    const loader = new BatchLoader(this.maker, { pixels: this.maker.shown, batches: phase.steps - this.done });
    try {
      while (this.done < phase.steps && !keeper.stopped) {
        await this.stopIfInterrupted();
        const diverged = await this.step(trainer, loader);
        if (diverged !== undefined) return diverged;
      }
      return undefined;
    } finally {
      await loader.close();
      await trainer.release();
      await this.trained.checkpoints?.settled();
    }
  }

  /** Now that the identifiers are known, whether a step fits into memory. @throws NeurodexError `config-invalid` */
  private refuseLargeStep(): void {
    const { geometry } = this.trained;
    const { size: batch, asking } = this.maker;
    const shapes = Object.values(asking.inputs(batch)).map(({ shape }) => shape[0] ?? 0);
    const sizes = { ...geometry, stem: 3 * geometry.patchSize ** 2, slots: Math.max(0, ...shapes), batch };
    const needed = stepBytes(sizes);
    const available = machineMemory();
    if (needed <= available) return;
    const one = stepBytes({ ...sizes, batch: 1 });
    const fits = Math.floor(1 + (available - one) / (stepBytes({ ...sizes, batch: 2 }) - one));
    throw new NeurodexError(
      'config-invalid',
      `training.batchSize ${batch} with ${sizes.slots} tokens behind each picture would take ${bytesInWords(needed)} of memory at the least, and there are ${bytesInWords(available)}`,
      {
        hint:
          fits > 0
            ? `set training.batchSize to ${fits} or less`
            : 'lower model.width, model.layers or training.setTargetsUpTo',
        details: { keys: ['training.batchSize'] },
      },
    );
  }

  private async step(trainer: Trainer, loader: BatchLoader): Promise<NeurodexError | undefined> {
    const { phase, memory, maker } = this;
    const { tracker, reporter, config } = this.trained;
    const { validateEvery, checkpointEvery } = config.training;
    const started = performance.now();
    const batch = await loader.next();
    const learningRate = learningRateAt(phase.schedule, this.done + 1);
    const running = trainer.step(memory, this.feeds(batch.arrays), { learningRate });
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
        step: memory.step,
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
      if (this.keeper.stopped) {
        const { patience } = config.training;
        reporter.info(`${phase.name}: stopped at step ${step}, no better for ${patience} validations`);
      }
    }
    const due = seconds > SLOW_STEP && performance.now() - this.savedAt > 1000 * MOST_LOST;
    if (step % checkpointEvery === 0 || step === phase.steps || this.keeper.stopped || due) await this.save();
    reporter.progress({
      phase: phase.name,
      done: step,
      total: phase.steps,
      unit: 'steps',
      figures: { ...this.newest, ...this.validated, ...(this.skips.all > 0 ? { skipped: this.skips.all } : {}) },
    });
    return undefined;
  }

  /** The bytes of an encoder's embeddings as the numbers that they are. */
  private feeds({ pictures, asked }: BatchArrays): Feeds {
    if (this.trained.geometry.stem !== 'encoder') return { pictures, ...asked };
    return { pictures: new Float32Array(pictures.buffer, pictures.byteOffset, pictures.byteLength / 4), ...asked };
  }

  /** Undoes the last step where that is asked for. @returns whether training goes on */
  private skip(loss: number, gradientNorm: number): boolean {
    const { onNan = 'stop', reporter } = this.trained;
    if (onNan === 'stop' || this.skips.stretch >= MOST_SKIPPED) return false;
    this.memory.takeBack();
    this.skips.all++;
    this.skips.stretch++;
    const message = `step ${this.memory.step}: the batch is skipped, its loss is ${loss} and the norm of its gradient ${gradientNorm} (${this.skips.all} so far)`;
    reporter.warn(message, { step: this.memory.step, skipped: this.skips.all });
    return true;
  }

  private async validate(loss: number): Promise<NeurodexError | undefined> {
    const { phase, memory, trained } = this;
    const measured = await measure(trained, phase, memory.parameters);
    if (measured === undefined) return divergence(phase, this.done, loss, trained.config);
    this.validated = measured;
    this.validatedAt = this.done;
    trained.tracker.track({ kind: 'validation', phase: phase.name, step: memory.step, figures: measured });
    this.keeper.offer(measured, memory.step, memory.parameters);
    return undefined;
  }

  /** A phase that a changed configuration has made shorter than it is already ends with the state that it has. */
  private async validateOnce(): Promise<NeurodexError | undefined> {
    if (this.keeper.stopped || this.validatedAt === this.done) return undefined;
    return await this.validate(Number.NaN);
  }

  private async stopIfInterrupted(): Promise<void> {
    const { signal, checkpoints } = this.trained;
    if (!signal?.aborted) return;
    if (this.done > 0) await this.save();
    await checkpoints?.settled();
    throwIfInterrupted(signal);
  }

  private async save(): Promise<void> {
    this.savedAt = performance.now();
    const best = this.keeper.state;
    await this.trained.checkpoints?.save({
      phase: this.phase.name,
      phaseStep: this.done,
      memory: this.memory.save(),
      batches: this.batches,
      ...(best === undefined ? {} : { best }),
      waited: this.keeper.waited,
      ...(this.good === undefined ? {} : { good: this.good }),
      validated: this.validated,
      validatedAt: this.validatedAt,
      skipped: { ...this.skips },
    });
  }
}

/** Figures of the network as it is; undefined when its answers are no numbers any more. */
async function measure(run: TrainingRun, phase: Phase, parameters: Float32Array): Promise<Figures | undefined> {
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
