import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { FashionPictures } from './fashion.ts';
import type { SeedForm } from './pytorch.ts';

const look = z.object({ step: z.int(), seconds: z.number(), loss: z.number(), 'IA@1': z.number() });
const result = z.object({
  reached: z.boolean(),
  steps: z.int(),
  seconds: z.number(),
  seconds_per_step: z.number(),
  measures: z.record(z.string(), z.number()),
});
export type SeedResult = z.infer<typeof result>;

export interface SeedRun {
  readonly form: SeedForm;
  /** IA@1 at which indexing is over; above 1, never. */
  readonly quality: number;
  /** Most steps of the indexing task. */
  readonly steps: number;
  /** Most seconds of training. */
  readonly seconds: number;
  /** Over all pairs of a training query and a relevant picture; 0: no retrieval task. */
  readonly retrievalEpochs: number;
}

/** bench/seed_training.py in a process of its own, on the pictures that our side gets. */
export async function trainSeed(
  python: string,
  { pixels, pictures }: FashionPictures,
  { form, quality, steps, seconds, retrievalEpochs }: SeedRun,
  log: (message: string) => void,
): Promise<SeedResult> {
  const folder = await mkdtemp(join(tmpdir(), 'neurodex-seed-'));
  try {
    const own = pictures.filter(({ role }) => role === 'catalogue');
    const relevant = (label: string | undefined) =>
      own.filter(({ labels }) => labels[0] === label).map(({ row }) => row);
    const queries = (role: string) => pictures.filter((picture) => picture.role === role);
    await writeFile(join(folder, 'pixels.u8'), pixels);
    const spec = {
      pixels: join(folder, 'pixels.u8'),
      identifiers: own.map(({ identifier }) => identifier),
      form,
      quality,
      steps,
      seconds,
      every: 20,
      threads: availableParallelism(),
      retrieval_epochs: retrievalEpochs,
      pairs: queries('train').flatMap(({ row, labels }) => relevant(labels[0]).map((named) => [row, named])),
      test: retrievalEpochs === 0 ? [] : queries('test').map(({ row, labels }) => [row, relevant(labels[0])]),
    };
    await writeFile(join(folder, 'spec.json'), JSON.stringify(spec));
    const script = fileURLToPath(new URL('seed_training.py', import.meta.url));
    const child = spawn(python, [script, join(folder, 'spec.json')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'close');
    let last: unknown;
    for await (const line of createInterface({ input: child.stdout })) {
      last = JSON.parse(line);
      const seen = look.safeParse(last);
      if (!seen.success) continue;
      log(`the seed, ${form}: step ${seen.data.step}, ${seen.data.seconds.toFixed(0)} s, IA@1 ${seen.data['IA@1']}`);
    }
    await exited;
    return result.parse(last);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
