import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DEBIAN_FOLDER } from '@neurodex/datasets';
import { z } from 'zod';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { atLeast, atMost, type Benchmark, ratio, type Side } from './benchmark.ts';
import { interleave, median, type Summary } from './statistics.ts';

const CHILD = fileURLToPath(new URL('ingest-child.ts', import.meta.url));
const { size, thumbnail } = PRESETS.default.pictures;
const FEW = 1000;

/** What ingest-child.ts prints. */
const metricsSchema = z.object({ pictures: z.int(), perSecond: z.number(), peakMiB: z.number() });

/** One measurement in a fresh process: nobody else's memory is in its peak. */
async function measure(side: 'neurodex' | 'sharp', pictures: number): Promise<z.infer<typeof metricsSchema>> {
  const args = ['--import', 'tsx', CHILD, side, String(pictures), String(size), String(thumbnail)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return metricsSchema.parse(JSON.parse(stdout));
}

const metrics = (speed: Summary | undefined, peaks: readonly number[]): Side => ({
  picturesPerSecond: speed?.median,
  all: speed?.all,
  peakMiB: median(peaks),
});

export const benchmark: Benchmark = {
  name: 'ingest',
  description: 'building a catalogue of Fashion-MNIST, beside sharp alone on the same files; and its memory',
  flags: { rounds: { type: 'string', default: '3' }, pictures: { type: 'string', default: '60000' } },
  async run({ flags, log }) {
    const [rounds, many] = [Number(flags.rounds), Number(flags.pictures)];
    if (!existsSync(join(DEBIAN_FOLDER, 'train-images-idx3-ubyte.gz'))) {
      const missing = `Fashion-MNIST is not in ${DEBIAN_FOLDER} (Debian: apt install dataset-fashion-mnist)`;
      return { sides: { neurodex: { missing }, sharp: { missing } }, ratios: {}, targets: [] };
    }
    const peaks: Record<string, number[]> = { few: [], many: [], sharp: [] };
    const side = (name: keyof typeof peaks, kind: 'neurodex' | 'sharp', pictures: number) => async () => {
      const { perSecond, peakMiB } = await measure(kind, pictures);
      peaks[name]?.push(peakMiB);
      return perSecond;
    };
    const speeds = await interleave(
      {
        few: side('few', 'neurodex', FEW),
        many: side('many', 'neurodex', many),
        sharp: side('sharp', 'sharp', many),
      },
      rounds,
      (name, round, value) => log(`${name}, round ${round}: ${value.toFixed(0)} pictures a second`),
    );
    const { few = [], many: large = [], sharp = [] } = peaks;
    // Round by round: what else the machine does falls on both sides of a round alike.
    const shares = speeds.many.all.map((value, i) => value / (speeds.sharp.all[i] ?? Number.NaN));
    const growth = ratio(median(large), median(few));
    return {
      sides: {
        [`neurodex, ${FEW} pictures`]: metrics(speeds.few, few),
        [`neurodex, ${many} pictures`]: metrics(speeds.many, large),
        [`sharp alone, ${many} pictures`]: metrics(speeds.sharp, sharp),
      },
      ratios: { 'neurodex / sharp, pictures per second': median(shares), [`peak memory, ${many} / ${FEW}`]: growth },
      targets: [
        atLeast('pictures per second, neurodex / sharp alone', median(shares), 0.8),
        atMost(`peak memory, ${many} / ${FEW} pictures`, growth, 1.5),
      ],
    };
  },
};
