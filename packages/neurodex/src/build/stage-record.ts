import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasSeal, makeFolder, sealed, syncTree, writeFileAtomically } from '@neurodex/core/storage';
import { z } from 'zod';
import type { Build } from './build.ts';
import type { Stage } from './stage.ts';
import { STAGE_NAMES, type StageName } from './stage-names.ts';

/** Where stages keep what only later stages read; in the folder of an index until it is complete. */
export const WORK_FOLDER = 'work';

const recordSchema = z.object({
  stage: z.string(),
  /** Of work until then. */
  seconds: z.number().min(0),
  /** Of the run log. */
  logBytes: z.int().min(0),
  /** Files that the stage made, relative to the folder. */
  outputs: z.array(z.object({ file: z.string(), bytes: z.int().min(0) })),
  /** What the stage found out beside its files. */
  facts: z.unknown(),
});
export type StageRecord = Readonly<z.infer<typeof recordSchema>>;

const recordFile = ({ folder }: Pick<Build, 'folder'>, stage: StageName): string =>
  join(folder, WORK_FOLDER, `${stage}.json`);

/** What a stage left; undefined where it was not completed, or where the record has changed since. */
export async function readRecord(build: Pick<Build, 'folder'>, stage: StageName): Promise<StageRecord | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(recordFile(build, stage), 'utf8'));
    return hasSeal(value) ? recordSchema.parse(value) : undefined;
  } catch {
    return undefined;
  }
}

/** From here on the stage is not run again: what it made is on the disk first. */
export async function writeRecord(build: Build, { name, writes }: Stage, facts: unknown): Promise<void> {
  await makeFolder(join(build.folder, WORK_FOLDER));
  await syncTree(build.folder);
  const outputs: { file: string; bytes: number }[] = [];
  for (const file of writes) {
    const found = await stat(join(build.folder, file)).catch(() => undefined);
    if (found?.isFile()) outputs.push({ file, bytes: found.size });
  }
  // As it will be read: what JSON leaves out is not sealed.
  const plain: unknown = JSON.parse(JSON.stringify(facts));
  const record = { stage: name, seconds: build.elapsed(), logBytes: build.log.sync(), outputs, facts: plain };
  await writeFileAtomically(recordFile(build, name), sealed(record));
}

/** Seconds that each stage took, in whichever process. Of one that was cut off, only the last part is known. */
export async function stageSeconds(build: Build): Promise<Readonly<Partial<Record<StageName, number>>>> {
  const seconds: Partial<Record<StageName, number>> = {};
  let before = 0;
  for (const name of STAGE_NAMES) {
    const record = await readRecord(build, name);
    const took = build.took.get(name) ?? (record === undefined ? undefined : record.seconds - before);
    if (took !== undefined) seconds[name] = Math.max(0, took);
    before = record?.seconds ?? before;
  }
  return seconds;
}

/** Whether any stage of an unfinished index is complete: then it is worth keeping. */
export const hasRecord = async (folder: string): Promise<boolean> => {
  for (const stage of STAGE_NAMES) if ((await readRecord({ folder }, stage)) !== undefined) return true;
  return false;
};

export const removeRecord = (build: Pick<Build, 'folder'>, stage: StageName): Promise<void> =>
  rm(recordFile(build, stage), { force: true });
