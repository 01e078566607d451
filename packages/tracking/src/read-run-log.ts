import { isRecord, NeurodexError, systemError } from '@neurodex/core';
import { linesOf } from '@neurodex/core/storage';
import type { TrackedEvent } from './tracker.ts';

/** Bytes: an event is a few numbers, or a configuration. */
const LONGEST_EVENT = 1 << 22;

/** The numbers of one step, as the run log has them; NaN for one that is missing or was not finite. */
export interface LoggedStep {
  /** From 1, over the whole run. */
  readonly step: number;
  /** Which phase of training. */
  readonly phase: string;
  /** Of the batch. */
  readonly loss: number;
  /** Share of the tokens that the network got right. */
  readonly tokenAccuracy: number;
  /** Of this step. */
  readonly learningRate: number;
  /** Global norm of the gradient, before it is clipped. */
  readonly gradientNorm: number;
  /** Throughput. */
  readonly picturesPerSecond: number;
  /** That the step took. */
  readonly seconds: number;
}

/** Measures of the validation queries behind a step. */
export interface LoggedValidation {
  /** Behind which it was measured. */
  readonly step: number;
  /** Which phase of training. */
  readonly phase: string;
  /** By name. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** A run as its log tells it. */
export interface RunHistory {
  /** When it began, ISO 8601. */
  readonly started: string | undefined;
  /** As the run began. */
  readonly config: Readonly<Record<string, unknown>>;
  /** As the run began. */
  readonly dataset: Readonly<Record<string, unknown>>;
  /** Of the run. */
  readonly seed: number | undefined;
  /** In order; where a run was resumed from an earlier step, what it did again replaces what it did before. */
  readonly steps: readonly LoggedStep[];
  /** In order. */
  readonly validations: readonly LoggedValidation[];
  /** Pictures that were passed over. */
  readonly skipped: number;
  /** Undefined for a run that goes on, or whose process was killed. */
  readonly end: { readonly time: string; readonly reason: string } | undefined;
  /** Lines that are no events; a last line without its end is not counted, since it may be in the middle of being written. */
  readonly damaged: number;
}

/**
 * Reads a run log, of a run that is over or goes on. Memory grows with its steps, not with its bytes.
 * @example
 * ```ts
 * import { silentReporter } from '@neurodex/core';
 * import { RUN_LOG, RunLog, readRunLog } from '@neurodex/tracking';
 *
 * const run = new RunLog(RUN_LOG, silentReporter);
 * run.track({ kind: 'start', time: new Date().toISOString(), config: {}, dataset: { name: 'xor' }, seed: 1 });
 * run.track({ kind: 'validation', phase: 'train', step: 1, metrics: { loss: 0.5 } });
 * run.track({ kind: 'end', time: new Date().toISOString(), reason: 'done' });
 * await run.close();
 * const { validations, end } = await readRunLog(RUN_LOG);
 * console.log(validations[0]?.metrics.loss, end?.reason); // → 0.5 done
 * ```
 */
export async function readRunLog(path: string): Promise<RunHistory> {
  const reader = new RunLogReader();
  let last: string | undefined;
  try {
    for await (const { bytes } of linesOf(path, LONGEST_EVENT)) {
      if (last !== undefined) reader.read(last);
      last = bytes === undefined ? 'too long' : Buffer.from(bytes).toString('utf8');
    }
  } catch (error) {
    const { code, syscall } = systemError(error);
    if (syscall === undefined) throw error;
    throw new NeurodexError('run-missing', `the run log ${path} cannot be read (${code})`, {
      hint: 'name a run log that exists and that you may read',
      details: { path },
      cause: error,
    });
  }
  if (last !== undefined) reader.read(last, { mayBeTorn: true });
  return reader.history();
}

type Fields = Readonly<Record<string, unknown>>;

class RunLogReader {
  private start: Fields | undefined;
  private readonly steps: LoggedStep[] = [];
  private readonly validations: LoggedValidation[] = [];
  private skipped = 0;
  private end: { readonly time: string; readonly reason: string } | undefined;
  private damaged = 0;

  read(line: string, { mayBeTorn = false } = {}): void {
    if (line.trim() === '') return;
    const event = fieldsOf(line);
    if (event === undefined || !this.take(event)) {
      if (!(mayBeTorn && event === undefined)) this.damaged++;
    }
  }

  history(): RunHistory {
    const start = this.start;
    return {
      started: typeof start?.time === 'string' ? start.time : undefined,
      config: objectOf(start?.config),
      dataset: objectOf(start?.dataset),
      seed: typeof start?.seed === 'number' ? start.seed : undefined,
      steps: this.steps,
      validations: this.validations,
      skipped: this.skipped,
      end: this.end,
      damaged: this.damaged,
    };
  }

  /** @returns whether it is an event */
  private take(event: Fields): boolean {
    switch (event.kind) {
      case 'start':
        this.start ??= event;
        // A resumed run is not over any more.
        this.end = undefined;
        return true;
      case 'step': {
        const step = stepOf(event);
        if (step === undefined) return false;
        while ((this.steps.at(-1)?.step ?? -1) >= step.step) this.steps.pop();
        while ((this.validations.at(-1)?.step ?? -1) >= step.step) this.validations.pop();
        this.steps.push(step);
        this.end = undefined;
        return true;
      }
      case 'validation': {
        if (!isStep(event.step)) return false;
        const metrics = Object.entries(objectOf(event.metrics)).map(
          ([name, value]) => [name, numberOf(value)] as const,
        );
        this.validations.push({ step: event.step, phase: String(event.phase), metrics: Object.fromEntries(metrics) });
        return true;
      }
      case 'skipped':
        this.skipped++;
        return true;
      case 'end':
        this.end = { time: String(event.time), reason: String(event.reason) };
        return true;
      default:
        // Kinds that a later version adds are no damage.
        return typeof event.kind === 'string';
    }
  }
}

function stepOf(event: Fields): LoggedStep | undefined {
  if (!isStep(event.step)) return undefined;
  return {
    step: event.step,
    phase: String(event.phase),
    loss: numberOf(event.loss),
    tokenAccuracy: numberOf(event.tokenAccuracy),
    learningRate: numberOf(event.learningRate),
    gradientNorm: numberOf(event.gradientNorm),
    picturesPerSecond: numberOf(event.picturesPerSecond),
    seconds: numberOf(event.seconds),
  };
}

const isStep = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** A number, or the word that the log has for one that is not finite. */
const numberOf = (value: unknown): number =>
  typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;

const objectOf = (value: unknown): Fields => (isRecord(value) ? value : {});

function fieldsOf(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The steps and validations of a run log, in order, as they were tracked; lines that are no such events are left out.
 * @example
 * ```ts
 * import { eventsOf } from '@neurodex/tracking';
 *
 * const line = '{"kind":"validation","phase":"train","step":1,"metrics":{"loss":0.5}}';
 * for (const event of eventsOf(line)) console.log(event.kind); // → validation
 * ```
 */
export function eventsOf(text: string): TrackedEvent[] {
  return text.split('\n').flatMap((line): TrackedEvent[] => {
    const event = fieldsOf(line);
    if (event?.kind === 'step') {
      const step = stepOf(event);
      return step === undefined ? [] : [{ kind: 'step', ...step }];
    }
    if (event?.kind !== 'validation' || !isStep(event.step)) return [];
    const metrics = Object.entries(objectOf(event.metrics)).map(([name, value]) => [name, numberOf(value)] as const);
    return [{ kind: 'validation', step: event.step, phase: String(event.phase), metrics: Object.fromEntries(metrics) }];
  });
}
