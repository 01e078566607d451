import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { atLeast, atMost, type Benchmark } from './benchmark.ts';
import { fashionDistractors, fashionFolder, fashionMissing } from './fashion-files.ts';
import { measureSharded, measureSingle } from './shards-quality.ts';
import { copyOf, differing, runAlone, runKilling } from './shards-work.ts';
import { build } from './write-sides.ts';

const CHILD = fileURLToPath(new URL('shards-child.ts', import.meta.url));
/** Fashion-MNIST has so many pictures; more are augmented views. */
const OWN = 60_000;
const QUERIES = 1000;
const SMALL = 1000;
const ASKED = 4;
/** As large as they are, nearly, in patches that leave P = 16. */
const SETTINGS = ['pictures.size=32', 'model.patchSize=8'];

const plannedSchema = z.object({
  catalogue: z.int(),
  shards: z.array(z.int()),
  seconds: z.number(),
  peakMiB: z.number(),
});

export const benchmark: Benchmark = {
  name: 'shards',
  description: 'an index in shards: workers that are killed, the router, quality and time beside a single index',
  flags: {
    pictures: { type: 'string', default: '20000' },
    shards: { type: 'string', default: '16' },
    sample: { type: 'string', default: '5000' },
    steps: { type: 'string', default: '1500' },
    kills: { type: 'string', default: '20' },
    single: { type: 'string' },
    out: { type: 'string', default: 'runs/shards' },
  },
  async run({ flags, log }) {
    const missing = fashionMissing();
    if (missing !== undefined) return { sides: { shards: { missing } }, ratios: {}, targets: [] };
    const [N, S, sample, kills] = [flags.pictures, flags.shards, flags.sample, flags.kills].map(Number) as [
      number,
      number,
      number,
      number,
    ];
    const settings = [...SETTINGS, `training.seeSteps=${String(flags.steps)}`];
    const out = join(resolve(String(flags.out)), `${N}-${S}`);
    await mkdir(out, { recursive: true });
    const source = await sourceOf(join(out, 'source'), N);
    const planned = join(out, 'planned');
    log(`${N} pictures in ${S} shards`);
    const plan = await planIn(source, planned, [String(S), String(sample), ...settings], log);
    const count = plan.shards.length;

    log('one worker with one thread');
    const alone = copyOf(planned, join(out, 'alone'));
    const seconds = await runAlone(alone, count);
    const aloneSeconds = seconds.reduce((a, b) => a + b, 0);
    log('two workers');
    const undisturbed = copyOf(planned, join(out, 'undisturbed'));
    const together = await runKilling(undisturbed, 0, 1, log);
    log(`two workers, of which ${kills} are killed`);
    const disturbed = copyOf(planned, join(out, 'disturbed'));
    const killed = await runKilling(disturbed, kills, Math.max(0.5, aloneSeconds / 2 / Math.max(1, kills)), log);

    log('quality');
    const sharded = await measureSharded(undisturbed, join(out, 'cache'), ASKED);
    const single = await measureSingle(await singleIndex(flags.single, source, join(out, 'single'), settings, log));
    const smallSource = await sourceOf(join(out, 'small-source'), SMALL);
    const small = await measureSingle(await singleIndex(undefined, smallSource, join(out, 'small'), settings, log));
    const lostPerKill = killed.kills === 0 ? 0 : (killed.seconds - together.seconds) / killed.kills;
    return {
      sides: {
        plan: { ...plan, shards: count, least: Math.min(...plan.shards), most: Math.max(...plan.shards) },
        work: { secondsOfEachShard: seconds, aloneSeconds, together, killed, lostSecondsPerKill: lostPerKill },
        sharded: { ...sharded },
        single: { ...single },
        small: { ...small },
      },
      ratios: { 'seconds alone / by two workers': aloneSeconds / together.seconds },
      targets: [
        atMost('records that differ after kills', differing(undisturbed, disturbed, count).length, 0),
        atMost('records that differ between one worker and two', differing(alone, undisturbed, count).length, 0),
        atMost('seconds lost for each kill', lostPerKill, Math.max(...seconds)),
        atLeast(`queries whose best shard is among the ${ASKED} asked`, sharded.routed, 0.95),
        atLeast('P@10 / that of a single index', sharded['P@10'] / single['P@10'], 0.97),
        atLeast('Success@10 / that of a single index', sharded['Success@10'] / single['Success@10'], 0.97),
        atMost(`milliseconds of a query / with ${SMALL} pictures`, sharded.queryMs / small.queryMs, 3),
        atLeast(
          `throughput of two workers on ${availableParallelism()} cores / of one single-threaded worker`,
          aloneSeconds / together.seconds,
          1.8,
        ),
      ],
    };
  },
};

async function sourceOf(folder: string, N: number): Promise<string> {
  if (N > OWN) return await fashionDistractors(folder, N);
  await fashionFolder(folder, N, QUERIES);
  return join(folder, 'pictures');
}

/** An index that is there, or a new one. */
async function singleIndex(
  given: unknown,
  source: string,
  out: string,
  settings: readonly string[],
  log: (line: string) => void,
): Promise<string> {
  if (typeof given === 'string') return resolve(given);
  if (!existsSync(join(out, 'index.json'))) await build(source, out, 'default', settings, log);
  return out;
}

async function planIn(source: string, place: string, rest: readonly string[], log: (line: string) => void) {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD, source, place, ...rest], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [text, errors] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    errors += bytes.toString();
    log(bytes.toString().trim());
  });
  const status = await new Promise<number | null>((done) => {
    child.on('close', done);
  });
  if (status !== 0) throw new Error(`the shards were not planned: ${errors}`);
  return plannedSchema.parse(JSON.parse(text));
}
