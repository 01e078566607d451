import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import type { Reporter } from '@neurodex/core';
import { reasonOf } from './outbox.ts';
import { safeJson } from './scalars.ts';
import type { TrackedEvent, Tracker } from './tracker.ts';

/** The name of the run log in the folder of a run. */
export const RUN_LOG = 'run.jsonl';

/** What is written at once, in characters; a full buffer is written, and an older one after a second. */
const BUFFER = 1 << 16;
const INTERVAL = 1000;
/** Milliseconds between tries of a write that failed. */
const RETRY = 5000;
/** Characters that wait for a disk that refuses them; above that the log is given up. */
const MOST = 1 << 25;

/** What writing needs of `node:fs`; tests hand in one that fails. */
export interface RunLogFiles {
  /** As in `node:fs`. */
  openSync(path: string, flags: string): number;
  /** As in `node:fs`. */
  writeSync(file: number, bytes: Uint8Array): number;
  /** As in `node:fs`. */
  ftruncateSync(file: number, length: number): void;
}

/**
 * The run log: one event per line as JSON, appended to a file that anything can follow. The first line is 'start':
 * events tracked before it (pictures skipped while the catalogue is built) wait for it. JSON has no words for numbers
 * that are not finite, so these are written as the strings "NaN", "Infinity" and "-Infinity". Pictures are named, not
 * kept. The file only ever ends with a whole line: a half of one, left by a full disk or a process that was killed, is cut
 * off. A disk that refuses is warned about once and tried again.
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import { silentReporter } from '@neurodex/core';
 * import { RUN_LOG, RunLog } from '@neurodex/tracking';
 *
 * const run = new RunLog(RUN_LOG, silentReporter);
 * run.track({ kind: 'start', time: new Date().toISOString(), config: {}, dataset: { name: 'xor' }, seed: 1 });
 * run.track({ kind: 'validation', phase: 'train', step: 1, metrics: { loss: 0.5 } });
 * run.track({ kind: 'end', time: new Date().toISOString(), reason: 'done' });
 * await run.close();
 * console.log(readFileSync(RUN_LOG, 'utf8').trim().split('\n').length); // → 3
 * ```
 */
export class RunLog implements Tracker {
  private readonly path: string;
  private readonly reporter: Reporter;
  private readonly files: RunLogFiles;
  private readonly now: () => number;
  private file: number | undefined;
  /** Bytes of whole lines that are in the file. */
  private size = 0;
  private pending: string[] = [];
  private length = 0;
  private written: number;
  private started = false;
  private failing = false;
  /** After close, or after giving up. */
  private done = false;

  constructor(
    path: string,
    reporter: Reporter,
    {
      files = { openSync, writeSync, ftruncateSync },
      now = () => performance.now(),
    }: { readonly files?: RunLogFiles; readonly now?: () => number } = {},
  ) {
    this.path = path;
    this.reporter = reporter;
    this.files = files;
    this.now = now;
    this.written = now();
  }

  /** Appends an event. */
  track(event: TrackedEvent): void {
    if (this.done) return;
    const line = `${safeJson(event.kind === 'pictures' ? withoutBytes(event) : event)}\n`;
    this.length += line.length;
    if (event.kind === 'start' && !this.started) {
      this.started = true;
      this.pending.unshift(line);
    } else {
      this.pending.push(line);
    }
    const waited = this.now() - this.written;
    const due = this.failing ? waited >= RETRY : this.length >= BUFFER || waited >= INTERVAL;
    if (this.started && (due || event.kind === 'end')) this.flush();
    if (this.length > MOST) this.giveUp('too much is waiting to be written');
  }

  /** A run that never started is written as it is: what was skipped may be why. */
  async close(): Promise<void> {
    if (this.done) return;
    this.flush();
    this.done = true;
    this.closeFile();
  }

  /**
   * Everything tracked so far is on the disk, if it can be.
   * @returns bytes of the log that are: where a run goes on that is resumed from here
   */
  sync(): number {
    if (!this.done) this.flush();
    try {
      if (this.file !== undefined) fsyncSync(this.file);
    } catch (error) {
      this.failed(error);
    }
    return this.size;
  }

  // Synchronous: a few kilobytes a second cost nothing beside training, and the lines survive a process that dies.
  private flush(): void {
    if (this.pending.length === 0) return;
    this.written = this.now();
    try {
      this.file ??= this.open();
      const all = Buffer.from(this.pending.join(''));
      let done = 0;
      while (done < all.length) done += this.files.writeSync(this.file, all.subarray(done));
      this.size += all.length;
      this.pending = [];
      this.length = 0;
      if (this.failing) this.reporter.info(`the run log ${this.path}: works again, nothing was lost`);
      this.failing = false;
    } catch (error) {
      this.failed(error);
    }
  }

  /** Opens it for appending, behind the last whole line. */
  private open(): number {
    const file = this.files.openSync(this.path, 'a+');
    const { size } = fstatSync(file);
    this.size = endOfLines(file, size);
    if (this.size < size) this.files.ftruncateSync(file, this.size);
    return file;
  }

  private failed(error: unknown): void {
    try {
      if (this.file !== undefined) this.files.ftruncateSync(this.file, this.size);
    } catch {
      // The same disk refuses this too; the next try cuts before it writes.
      this.closeFile();
    }
    if (!this.failing) {
      this.reporter.warn(`the run log ${this.path} cannot be written: ${reasonOf(error)}; it is tried again`, {
        path: this.path,
      });
    }
    this.failing = true;
  }

  private giveUp(reason: string): void {
    this.done = true;
    this.pending = [];
    const message = `the run log ${this.path} ends here: ${reason}`;
    if (this.failing) this.reporter.info(message);
    else this.reporter.warn(message, { path: this.path });
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

/** @returns the length up to and with the last line feed */
function endOfLines(file: number, size: number): number {
  const block = Buffer.alloc(1 << 16);
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - block.length);
    const count = readSync(file, block, 0, end - from, from);
    const at = block.subarray(0, count).lastIndexOf(0x0a);
    if (at !== -1) return from + at + 1;
    end = from;
  }
  return 0;
}

const withoutBytes = (event: Extract<TrackedEvent, { kind: 'pictures' }>) => ({
  ...event,
  pictures: event.pictures.map(({ bytes: _, ...rest }) => rest),
});
