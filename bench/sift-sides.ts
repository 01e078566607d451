import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { decodePicture } from '@neurodex/datasets/image';
import { z } from 'zod';
import { grayOf, type Plane } from '../packages/neurodex/src/models/bovw/plane.ts';
import { sift } from '../packages/neurodex/src/models/bovw/sift.ts';
import { SIZE } from './bovw-pictures.ts';
import { median } from './statistics.ts';

/** Pictures that are described in each pass, spread over the set. */
const PICTURES = 60;
/** Passes of each side, which take turns; the first two are not counted. */
const PASSES = 11;
const UNCOUNTED = 2;

/** Processor seconds of one side for one picture that is decoded already, and its keypoints in all pictures. */
export interface SiftSide {
  readonly seconds: number;
  readonly keypoints: number;
}

/** All threads of this process: those that compile and collect garbage count. */
export function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function describeAll(pictures: readonly Plane[]): SiftSide {
  const before = processorSeconds();
  const keypoints = pictures.reduce((sum, picture) => sum + sift(picture).length, 0);
  return { seconds: (processorSeconds() - before) / pictures.length, keypoints };
}

const answer = z.object({ seconds: z.number(), keypoints: z.int() });

const counted = (passes: readonly SiftSide[]): SiftSide => ({
  seconds: median(passes.slice(UNCOUNTED).map(({ seconds }) => seconds)),
  keypoints: passes.at(-1)?.keypoints ?? 0,
});

/** SIFT on one thread of each side, by turns in one run, without decoding. */
export async function siftSides(
  executable: string,
  files: readonly string[],
  folder: string,
): Promise<{ neurodex: SiftSide; opencv: SiftSide }> {
  const step = Math.max(1, Math.floor(files.length / PICTURES));
  const chosen = files.filter((_, i) => i % step === 0).slice(0, PICTURES);
  const pictures: Plane[] = [];
  for (const file of chosen) {
    const { pixels } = await decodePicture(await readFile(file), { name: file, size: SIZE, maxPixels: SIZE * SIZE });
    pictures.push(grayOf(pixels, SIZE, SIZE));
  }
  const list = join(folder, 'sift.json');
  await writeFile(list, JSON.stringify(chosen));
  const script = fileURLToPath(new URL('sift.py', import.meta.url));
  const child = spawn(executable, [script, list], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const [neurodex, opencv]: [SiftSide[], SiftSide[]] = [[], []];
    for (let pass = 0; pass < PASSES; pass++) {
      neurodex.push(describeAll(pictures));
      child.stdin.write('\n');
      const { value, done } = await lines.next();
      if (done === true) throw new Error('sift.py ended early');
      opencv.push(answer.parse(JSON.parse(value)));
    }
    return { neurodex: counted(neurodex), opencv: counted(opencv) };
  } finally {
    child.stdin.end();
  }
}
