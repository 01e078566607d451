import * as disk from 'node:fs/promises';
import { join } from 'node:path';
import type { Reporter } from '@neurodex/core';
import { type FileSystem, makeFolder, writeFileAtomically } from '@neurodex/core/storage';
import { type Checkpoint, type CheckpointContext, deserialiseCheckpoint, serialiseCheckpoint } from './checkpoint.ts';

/** Newest checkpoints that are kept: one that cannot be read has one before it. */
const KEPT = 2;

const NAME = /^step-(\d{12})\.safetensors$/;
/** The name under which one is written until it is complete. */
const TORN = /^step-\d{12}\.safetensors\.partial-/;
const nameOf = (step: number): string => `step-${String(step).padStart(12, '0')}.safetensors`;

/**
 * The checkpoints of a run, one file each, which appears when it is complete. Writing goes on beside training. A disk that
 * refuses is warned about once and tried again with the next checkpoint: training never stops for it.
 */
export class CheckpointFolder {
  private readonly folder: string;
  private readonly reporter: Reporter;
  private readonly files: FileSystem;
  private writing: Promise<void> = Promise.resolve();
  private failing = false;
  /** Of the newest checkpoint that is on the disk. */
  private written: number | undefined;

  constructor(folder: string, reporter: Reporter, files: FileSystem = disk) {
    this.folder = folder;
    this.reporter = reporter;
    this.files = files;
  }

  /** Optimiser step of the newest checkpoint that is on the disk; undefined where there is none. */
  get newest(): number | undefined {
    return this.written;
  }

  /**
   * The newest checkpoint that can be used. Those that cannot be are warned about, with the reason, and passed over.
   * What a process that was killed was writing is removed.
   * @param parameters how many the network has
   */
  async latest(parameters: number): Promise<(Checkpoint & CheckpointContext) | undefined> {
    await this.removeTorn();
    for (const step of (await this.steps()).sort((a, b) => b - a)) {
      const path = join(this.folder, nameOf(step));
      try {
        const found = deserialiseCheckpoint(await disk.readFile(path), parameters);
        this.written = step;
        return found;
      } catch (error) {
        const reason = error instanceof RangeError ? error.message : `cannot be read: ${(error as Error).message}`;
        this.reporter.warn(`the checkpoint ${path} is refused: it ${reason}`, { path });
      }
    }
    return undefined;
  }

  /** Begins to write when the checkpoint before is written; resolves when this one has been copied. */
  async save(checkpoint: Checkpoint, context: CheckpointContext): Promise<void> {
    await this.writing;
    if (checkpoint.state.step === this.written && !this.failing) return;
    const bytes = serialiseCheckpoint(checkpoint, context);
    this.writing = this.write(checkpoint.state.step, bytes);
  }

  /** Waits for what is being written. */
  async settled(): Promise<void> {
    await this.writing;
  }

  private async write(step: number, bytes: Uint8Array): Promise<void> {
    try {
      await makeFolder(this.folder, this.files);
      await writeFileAtomically(join(this.folder, nameOf(step)), bytes, this.files);
      this.written = step;
      if (this.failing) this.reporter.info(`checkpoints are written again, as of step ${step}`);
      this.failing = false;
      // Later ones are there only where they were refused, and do not count.
      const old = (await this.steps()).filter((other) => other <= step).sort((a, b) => b - a);
      for (const other of old.slice(KEPT)) await this.files.rm(join(this.folder, nameOf(other)), { force: true });
    } catch (error) {
      if (this.failing) return;
      this.failing = true;
      const last = this.written === undefined ? 'there is none yet' : `the last one is of step ${this.written}`;
      this.reporter.warn(
        `the checkpoint of step ${step} cannot be written: ${(error as Error).message}; training goes on without (${last}) and tries again`,
        { path: this.folder, step },
      );
    }
  }

  private async removeTorn(): Promise<void> {
    for (const name of (await this.names()).filter((each) => TORN.test(each))) {
      await this.files.rm(join(this.folder, name), { recursive: true, force: true });
    }
  }

  private async steps(): Promise<number[]> {
    return (await this.names()).flatMap((name) => {
      const step = NAME.exec(name)?.[1];
      return step === undefined ? [] : [Number(step)];
    });
  }

  private async names(): Promise<string[]> {
    try {
      return await this.files.readdir(this.folder);
    } catch {
      return [];
    }
  }
}
