import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { fashionDistractors, fashionFolder } from './fashion-files.ts';
import { runChild } from './run-child.ts';

const PLAN = fileURLToPath(new URL('shards-child.ts', import.meta.url));
const INDEX = fileURLToPath(new URL('shards-index-child.ts', import.meta.url));
/** Fashion-MNIST has so many pictures; more are augmented views. */
const OWN = 60_000;
export const QUERIES = 1000;
/** As large as they are, nearly, in patches that leave P = 16. */
const SETTINGS = ['pictures.size=32', 'model.patchSize=16'];

export type Log = (line: string) => void;

const settingsOf = (steps: number): string[] => [...SETTINGS, `training.seeSteps=${steps}`];

/** So many pictures of Fashion-MNIST to index, and the same queries whatever their number. */
export async function sourceOf(folder: string, pictures: number): Promise<string> {
  if (pictures > OWN) return await fashionDistractors(folder, pictures);
  await fashionFolder(folder, pictures, QUERIES);
  return join(folder, 'pictures');
}

/** An index of a source. One that was made before stays; one that was stopped goes on. */
export async function singleIndex(source: string, out: string, steps: number, log: Log): Promise<string> {
  if (!existsSync(join(out, 'index.json'))) await runChild(INDEX, [source, out, ...settingsOf(steps)], log);
  return out;
}

export const plannedSchema = z.object({
  catalogue: z.int(),
  shards: z.array(z.int()),
  seconds: z.number(),
  peakMiB: z.number(),
});
export type Planned = z.infer<typeof plannedSchema>;

/** Plans shards in a process of its own. A plan that was stopped goes on; its seconds are then those of the last run. */
export async function planIn(
  source: string,
  place: string,
  { shards, sample, steps }: { readonly shards: number; readonly sample: number; readonly steps: number },
  log: Log,
): Promise<Planned> {
  const args = [source, place, String(shards), String(sample), ...settingsOf(steps)];
  return plannedSchema.parse(JSON.parse(await runChild(PLAN, args, log)));
}
