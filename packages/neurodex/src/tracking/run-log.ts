import { closeSync, fsyncSync, openSync, statSync, writeSync } from 'node:fs';
import type { Reporter } from '../progress.ts';
import type { TrackedEvent, Tracker } from './tracker.ts';

export const RUN_LOG = 'run.jsonl';

/** What is written at once, in characters; a full buffer is written, and an older one after a second. */
const BUFFER = 1 << 16;
const INTERVAL = 1000;

/**
 * The run log: one event per line as JSON, appended to a file that anything can follow. The first line is 'start':
 * events tracked before it (pictures skipped while the catalogue is built) wait for it. JSON has no words for numbers
 * that are not finite, so these are written as the strings "NaN", "Infinity" and "-Infinity".
 */
export class RunLog implements Tracker {
  private readonly path: string;
  private readonly reporter: Reporter;
  private file: number | undefined;
  private pending: string[] = [];
  private length = 0;
  private written = performance.now();
  private started = false;
  /** After close, or after a failure. */
  private done = false;

  constructor(path: string, reporter: Reporter) {
    this.path = path;
    this.reporter = reporter;
  }

  track(event: TrackedEvent): void {
    if (this.done) return;
    try {
      const line = `${JSON.stringify(event, finite)}\n`;
      this.length += line.length;
      if (event.kind === 'start' && !this.started) {
        this.started = true;
        this.pending.unshift(line);
      } else {
        this.pending.push(line);
      }
      const due = this.length >= BUFFER || performance.now() - this.written >= INTERVAL;
      if (this.started && (due || event.kind === 'end')) this.flush();
    } catch (error) {
      this.giveUp(error);
    }
  }

  /** A run that never started is written as it is: what was skipped may be why. */
  async close(): Promise<void> {
    if (this.done) return;
    try {
      this.flush();
    } catch (error) {
      this.giveUp(error);
      return;
    }
    this.done = true;
    this.closeFile();
  }

  /**
   * Everything tracked so far is on the disk.
   * @returns bytes of the log: where a run goes on that is resumed from here
   */
  sync(): number {
    if (!this.done) {
      try {
        this.flush();
        if (this.file !== undefined) fsyncSync(this.file);
      } catch (error) {
        this.giveUp(error);
      }
    }
    return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }

  // Synchronous: a few kilobytes a second cost nothing beside training, and the lines survive a process that dies.
  private flush(): void {
    if (this.pending.length === 0) return;
    this.file ??= openSync(this.path, 'a');
    let bytes = Buffer.from(this.pending.join(''));
    this.pending = [];
    this.length = 0;
    while (bytes.length > 0) bytes = bytes.subarray(writeSync(this.file, bytes));
    this.written = performance.now();
  }

  private giveUp(error: unknown): void {
    this.done = true;
    this.pending = [];
    const reason = error instanceof Error ? error.message : String(error);
    this.reporter.warn(`the run log ${this.path} cannot be written any further: ${reason}`, { path: this.path });
    this.closeFile();
  }

  private closeFile(): void {
    if (this.file === undefined) return;
    try {
      closeSync(this.file);
    } catch {
      // What could be written has been; a failing close has nothing to add.
    }
    this.file = undefined;
  }
}

const finite = (_key: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
