import { existsSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Build, BuildRequest } from './build.ts';
import type { StageName } from './stage-names.ts';
import { readRecord, removeRecord, writeRecord } from './stage-record.ts';

/** One stage of a build: files of the folder in, files out. What it found out beside them goes to its record. */
export interface Stage<Facts = unknown> {
  readonly name: StageName;
  /** What it does, for the plan. */
  readonly summary: string;
  /** Files and folders that it needs, relative to the folder of the index. */
  readonly reads: readonly string[];
  /** Files and folders that it makes, all that it may make. */
  readonly writes: readonly string[];
  /** Files that no later stage reads. */
  readonly drops?: readonly string[];
  /**
   * Resumes from what it left itself (checkpoints): its files stay unless an earlier stage runs again. `always`: it is never
   * skipped, because a resumed run may ask for more of it; `unless-complete`: it is skipped where it has a record.
   */
  readonly resumes?: 'always' | 'unless-complete';
  /** Whether this build has it. */
  isPart(request: BuildRequest): boolean;
  run(build: Build): Promise<Facts>;
}

const isThere = (build: Build, file: string): boolean => existsSync(join(build.folder, file));

/** Whether a stage was completed: it has a record, and every file that the record lists has its size. */
async function isComplete(build: Build, stage: Stage): Promise<boolean> {
  if (stage.resumes === 'always') return false;
  const record = await readRecord(build, stage.name);
  return (
    record?.outputs.every(
      ({ file, bytes }) => isThere(build, file) && statSync(join(build.folder, file)).size === bytes,
    ) ?? false
  );
}

/**
 * Where a build goes on: behind the last stage whose outputs are there, if what comes next finds all that it reads.
 * @returns place in `stages`; 0 for a new build
 */
export async function firstMissing(build: Build, stages: readonly Stage[]): Promise<number> {
  for (let next = stages.length; next > 0; next--) {
    const before = stages[next - 1];
    const reads = stages[next]?.reads ?? [];
    if (before !== undefined && (await isComplete(build, before)) && reads.every((file) => isThere(build, file)))
      return next;
  }
  return 0;
}

/** Removes what the stages from a place on left: the first of them may have been cut off, the others are out of date. */
export async function clearFrom(build: Build, stages: readonly Stage[], first: number): Promise<void> {
  for (const [i, stage] of stages.slice(first).entries()) {
    if (i === 0 && stage.resumes !== undefined) continue;
    await removeRecord(build, stage.name);
    for (const file of stage.writes) await rm(join(build.folder, file), { recursive: true, force: true });
  }
}

/** Runs the stages from a place on. Each is recorded when all that it wrote is on the disk. */
export async function runStages(build: Build, stages: readonly Stage[], first: number): Promise<void> {
  for (const stage of stages.slice(first)) {
    build.onStage?.(stage.name);
    const began = build.elapsed();
    const facts = await stage.run(build);
    build.took.set(stage.name, build.elapsed() - began);
    build.remember(stage.name, facts);
    if (stage.resumes !== 'always') await writeRecord(build, stage, facts);
    for (const file of stage.drops ?? []) await rm(join(build.folder, file), { recursive: true, force: true });
  }
}
