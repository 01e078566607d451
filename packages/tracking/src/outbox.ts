import { errorCode, type Reporter } from '@neurodex/core';

export interface OutboxOptions<T> {
  /** Who keeps it, at the beginning of a sentence: 'the MLflow server http://…'. */
  readonly name: string;
  readonly reporter: Reporter;
  /**
   * Delivers some of the first items and returns how many, 1 or more. What it throws is tried again later, unless it is
   * a `PermanentFailure`. It should stop at `signal`.
   */
  deliver(items: readonly T[], signal: AbortSignal): Promise<number>;
  /** Bytes that an item keeps in memory. */
  sizeOf(item: T): number;
  /** Bytes of undelivered items above which it gives up. */
  readonly mostBytes?: number;
  /** Milliseconds between deliveries, in which items gather. */
  readonly interval?: number;
  /** Milliseconds before a failed delivery is tried again, doubled each time up to the longest. */
  readonly firstPause?: number;
  readonly longestPause?: number;
  /** Milliseconds that one delivery may take before it is stopped and counts as failed; no limit by default. */
  readonly patience?: number;
  /** Milliseconds that `close` waits for what is pending. */
  readonly farewell?: number;
}

/** A failure that trying again does not mend. */
export class PermanentFailure extends Error {}

/** Pauses between tries while `close` waits: its time is short. */
const CLOSING_PAUSE = 500;

/**
 * Items on their way to somewhere slow, in order, in the background. `push` returns at once. Where delivery fails, it
 * warns once, tries again, and catches up; it gives up when that cannot help, when too much is waiting, or when `close`
 * has waited long enough.
 */
export class Outbox<T> {
  private readonly options: Required<Omit<OutboxOptions<T>, 'patience'>> & { readonly patience: number | undefined };
  private readonly queue: T[] = [];
  private bytes = 0;
  private failures = 0;
  private warned = false;
  private closing: Promise<void> | undefined;
  private gaveUp = false;
  private running: Promise<void> | undefined;
  private current: AbortController | undefined;
  private wake = (): void => {};

  constructor(options: OutboxOptions<T>) {
    this.options = {
      mostBytes: 1 << 26,
      interval: 1000,
      firstPause: 1000,
      longestPause: 60_000,
      farewell: 10_000,
      ...options,
      patience: options.patience,
    };
  }

  /** Bytes of the items that wait. */
  get pendingBytes(): number {
    return this.bytes;
  }

  /** Whether nothing will be delivered any more. */
  get over(): boolean {
    return this.gaveUp || this.closing !== undefined;
  }

  push(item: T): void {
    if (this.over) return;
    this.queue.push(item);
    this.bytes += this.options.sizeOf(item);
    if (this.bytes > this.options.mostBytes) this.giveUp('too much is waiting to be written');
    else this.running ??= this.run();
  }

  /** @returns whether everything was delivered */
  async close(): Promise<boolean> {
    this.closing ??= this.finish();
    await this.closing;
    return !this.gaveUp;
  }

  private async finish(): Promise<void> {
    if (this.running === undefined) return;
    this.wake();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, this.options.farewell, 'late');
    });
    const ended = await Promise.race([this.running, late]);
    clearTimeout(timer);
    if (ended === 'late') this.giveUp('the run is over, and what was left took too long');
  }

  private async run(): Promise<void> {
    await this.pause(this.options.interval);
    while (this.queue.length > 0 && !this.gaveUp) {
      try {
        const delivered = await this.attempt();
        if (this.gaveUp) return;
        for (const item of this.queue.splice(0, delivered)) this.bytes -= this.options.sizeOf(item);
        this.recovered();
      } catch (error) {
        if (this.gaveUp) return;
        this.failed(error);
      }
      if (this.gaveUp || (this.queue.length === 0 && this.closing !== undefined)) break;
      await this.pause(this.nextPause());
    }
    this.running = undefined;
  }

  private async attempt(): Promise<number> {
    const { patience, deliver } = this.options;
    const current = new AbortController();
    this.current = current;
    let late = false;
    const stop = (): void => {
      late = true;
      current.abort();
    };
    const timer = patience === undefined ? undefined : setTimeout(stop, patience);
    timer?.unref();
    try {
      return await deliver(this.queue, current.signal);
    } catch (error) {
      if (late) throw new Error(`no answer within ${(patience ?? 0) / 1000} s`);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private nextPause(): number {
    const { interval, firstPause, longestPause } = this.options;
    if (this.failures === 0) return this.closing === undefined ? interval : 0;
    const grown = Math.min(longestPause, firstPause * 2 ** (this.failures - 1));
    return this.closing === undefined ? grown : Math.min(grown, CLOSING_PAUSE);
  }

  private async pause(milliseconds: number): Promise<void> {
    // Closing ends the pause for new items, so that close does not wait for it.
    if (milliseconds <= 0 || (this.closing !== undefined && this.failures === 0)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      if (this.closing === undefined) timer.unref();
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private failed(error: unknown): void {
    const reason = reasonOf(error);
    if (error instanceof PermanentFailure) {
      this.giveUp(reason);
      return;
    }
    this.failures++;
    if (this.failures > 1) return;
    this.tell(`${this.options.name}: ${reason}; training goes on, and it is tried again`);
  }

  private recovered(): void {
    if (this.failures > 0) this.options.reporter.info(`${this.options.name}: works again, nothing was lost`);
    this.failures = 0;
  }

  private giveUp(reason: string): void {
    if (this.gaveUp) return;
    this.gaveUp = true;
    const lost = this.queue.length;
    this.queue.length = 0;
    this.bytes = 0;
    this.current?.abort();
    this.wake();
    this.tell(`${this.options.name} is left out of the rest of the run: ${reason} (${lost} records are not in it)`);
  }

  /** The first trouble is a warning; what becomes of it, and later ones, are news. */
  private tell(message: string): void {
    if (this.warned) this.options.reporter.info(message);
    else this.options.reporter.warn(message);
    this.warned = true;
  }
}

/** The words of an error, with those of its cause: fetch says only 'fetch failed'. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  const code = errorCode(cause);
  return `${error.message} (${cause.message || (code ?? cause.name)})`;
}
