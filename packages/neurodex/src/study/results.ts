import { open, readFile } from 'node:fs/promises';
import { errorCode, fromFileSystem } from '@neurodex/core';
import { z } from 'zod';
import { IDENTIFIER_ORDERS } from '../config.ts';
import { SYSTEM_NAMES } from '../query/system.ts';
import { TRAININGS } from './grid.ts';

const metrics = z.record(z.string(), z.record(z.string(), z.number()));

export const resultSchema = z.object({
  key: z.string(),
  pictures: z.int(),
  seed: z.int(),
  order: z.enum(IDENTIFIER_ORDERS).optional(),
  training: z.enum(TRAININGS).optional(),
  systems: z.array(z.enum(SYSTEM_NAMES)),
  /** N, and test queries. */
  catalogue: z.int(),
  queries: z.int(),
  steps: z.int(),
  /** Building and training. */
  seconds: z.number(),
  metrics,
  /** Bootstrap intervals over the queries. */
  intervals: z.record(z.string(), z.record(z.string(), z.tuple([z.number(), z.number()]))),
});

/** What one cell gave: a line of results.jsonl. */
export type StudyResult = Readonly<z.infer<typeof resultSchema>>;

/** The results so far, by cell. A line that was cut off, or that is none of ours, is passed over: its cell runs again. */
export async function readResults(file: string): Promise<Map<string, StudyResult>> {
  let text = '';
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw fromFileSystem(error, file);
  }
  const results = new Map<string, StudyResult>();
  for (const line of text.split('\n')) {
    const result = parseLine(line);
    if (result !== undefined) results.set(result.key, result);
  }
  return results;
}

function parseLine(line: string): StudyResult | undefined {
  try {
    return resultSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** @throws NeurodexError `disk-full`, `output-unwritable` */
export async function appendResult(file: string, result: StudyResult): Promise<void> {
  try {
    const handle = await open(file, 'a');
    try {
      // On a line of its own, even where the last one was cut off.
      await handle.appendFile(`\n${JSON.stringify(result)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fromFileSystem(error, file);
  }
}
