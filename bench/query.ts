import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { atLeast, atMost, type Benchmark, merged, type Outcome, ratio, type Target } from './benchmark.ts';
import { openPyTorch, type PyTorch } from './pytorch.ts';
import { ANSWERS, BEAM, cosineOver, type Search, searchOf, timed, writtenSearchOf } from './query-sides.ts';
import { interleave, type Summary } from './statistics.ts';

const NETWORKS = ['seed', 'joint', 'default'] as const;
type Network = (typeof NETWORKS)[number];
/** Catalogue of the seed's demo. */
const SMALL = 96;
/** Encoder passes that a query of so few pictures may take. */
const PASSES: Readonly<Record<Network, number>> = { seed: 1.25, joint: 1.25, default: 1.1 };
/** The preset `default` has a written memory, and the beam of its preset. */
const searchWith = (network: Network, n: number, exactUpTo: number): Search =>
  network === 'default' ? writtenSearchOf(n, exactUpTo) : searchOf(network, n, exactUpTo);
/** Catalogues of the index whose memory is measured. */
const INDEXES = [96, 10_000] as const;
const MEMORY_MIB = 250;

type Measured = Readonly<Record<string, Summary | undefined>>;
/** Milliseconds by N. */
type Latency = Readonly<Record<number, number>>;

interface Context {
  readonly rounds: number;
  /** N of the catalogues. */
  readonly sizes: readonly number[];
  readonly pytorch: PyTorch | undefined;
  /** Says the seconds of a round. */
  tell(side: string, round: number, value: number): void;
}

export const benchmark: Benchmark = {
  name: 'query',
  description:
    'the latency of one query, beside the encoder alone, the seed’s generation in PyTorch, and cosine; memory',
  flags: {
    rounds: { type: 'string', default: '7' },
    sizes: { type: 'string', default: '100,1000,10000,100000' },
    'no-memory': { type: 'boolean', default: false },
  },
  async run({ flags, log }) {
    const sizes = String(flags.sizes).split(',').map(Number);
    const opened = await openPyTorch();
    const context: Context = {
      rounds: Number(flags.rounds),
      sizes,
      pytorch: 'missing' in opened ? undefined : opened,
      tell: (side, round, value) => log(`round ${round}, ${side}: ${(1000 * value).toFixed(2)} ms`),
    };
    const outcomes: Outcome[] = [];
    const latency: Record<string, Latency> = {};
    try {
      for (const network of NETWORKS) {
        const measured = await measureNetwork(network, context);
        latency[`dsi, ${network} network`] = latencyOf(measured, sizes, (n) => `N=${n}`);
        outcomes.push(networkOutcome(network, measured, sizes));
        if (network === 'seed') outcomes.push(generationOutcome(opened, measured));
      }
    } finally {
      await context.pytorch?.close();
    }
    Object.assign(latency, await measureCosine(context));
    // docs/plot-query.ts draws it.
    outcomes.push({ sides: { latency }, ratios: {}, targets: [] });
    if (!flags['no-memory']) outcomes.push(await memoryOutcome(log));
    return merged(outcomes);
  },
};

async function measureNetwork(network: Network, { sizes, rounds, pytorch, tell }: Context): Promise<Measured> {
  const small = searchWith(network, SMALL, Number.POSITIVE_INFINITY);
  const beams = sizes.map((n) => [n, searchWith(network, n, 0)] as const);
  const calls: Record<string, () => Promise<number>> = {
    encoder: timed(await small.encoder()),
    query: timed(small.call),
    ...Object.fromEntries(beams.map(([n, { call }]) => [`N=${n}`, timed(call)])),
  };
  if (pytorch !== undefined && network === 'seed') {
    calls.generation = generating(pytorch, false);
    calls['generation, batched'] = generating(pytorch, true);
  }
  const measured = await interleave(calls, rounds, (side, round, value) => tell(`${network}, ${side}`, round, value));
  for (const { close } of [small, ...beams.map(([, search]) => search)]) await close();
  return measured;
}

const generating = (pytorch: PyTorch, batched: boolean) => () =>
  pytorch.generate({ form: 'mended', batched, k: ANSWERS, runs: 3 });

/** Cosine over vectors that are there, in both ways. */
async function measureCosine({ sizes, rounds, tell }: Context): Promise<Record<string, Latency>> {
  const calls: Record<string, () => Promise<number>> = {};
  for (const n of sizes) {
    const { exact, approximate } = await cosineOver(n);
    calls[`exact cosine ${n}`] = timed(exact);
    calls[`approximate cosine ${n}`] = timed(approximate);
  }
  const measured = await interleave(calls, rounds, tell);
  const of = (name: string) => [name, latencyOf(measured, sizes, (n) => `${name} ${n}`)] as const;
  return Object.fromEntries([of('exact cosine'), of('approximate cosine')]);
}

const milliseconds = (summary: Summary | undefined): number | undefined => summary && 1000 * summary.median;

const latencyOf = (measured: Measured, sizes: readonly number[], name: (n: number) => string): Latency =>
  Object.fromEntries(sizes.map((n) => [n, milliseconds(measured[name(n)]) ?? Number.NaN]));

const beamOf = (network: Network): string => `beam ${network === 'default' ? PRESETS.default.retrieval.beam : BEAM}`;

function networkOutcome(network: Network, measured: Measured, sizes: readonly number[]): Outcome {
  const figures = {
    encoderMilliseconds: milliseconds(measured.encoder),
    [`exhaustive, N=${SMALL}`]: milliseconds(measured.query),
    ...Object.fromEntries(sizes.map((n) => [`${beamOf(network)}, N=${n}`, milliseconds(measured[`N=${n}`])])),
  };
  const encoding = `query / encoder, ${network} network, N=${SMALL}`;
  const overEncoder = ratio(measured.query?.median, measured.encoder?.median);
  const [first, last] = [sizes[0], sizes.at(-1)];
  const growing = `N=${last} / N=${first}, ${beamOf(network)}, ${network} network`;
  const growth = ratio(measured[`N=${last}`]?.median, measured[`N=${first}`]?.median);
  return {
    sides: { [`neurodex, ${network} network`]: figures },
    ratios: { [encoding]: overEncoder, [growing]: growth },
    targets: [atMost(encoding, overEncoder, PASSES[network]), atMost(growing, growth, 3)],
  };
}

/** The seed's generation beside our query. */
function generationOutcome(opened: Awaited<ReturnType<typeof openPyTorch>>, measured: Measured): Outcome {
  const name = 'the seed’s generation / neurodex, seconds per query';
  const batched = measured['generation, batched'];
  const faster = ratio(measured.generation?.median, measured.query?.median);
  return {
    sides: {
      pytorch:
        'missing' in opened
          ? opened
          : {
              ...opened.description,
              generationMilliseconds: milliseconds(measured.generation),
              batchedGenerationMilliseconds: milliseconds(batched),
            },
    },
    ratios: {
      [name]: faster,
      [`${name}, digits of all sequences in one batch`]: ratio(batched?.median, measured.query?.median),
    },
    targets: [atLeast(name, faster, 15)],
  };
}

/** The memory of processes that search an index. */
async function memoryOutcome(log: (message: string) => void): Promise<Outcome> {
  const residentMiB: Record<string, number> = {};
  const targets: Target[] = [];
  for (const n of INDEXES) {
    log(`making an index of ${n} pictures, to search it in a process of its own`);
    const resident = await residentOf(n);
    residentMiB[`N=${n}`] = resident;
    targets.push(atMost(`MiB resident, searching an index of ${n} pictures`, resident, MEMORY_MIB));
  }
  return { sides: { memory: { residentMiB } }, ratios: {}, targets };
}

/** Peak resident memory of a process that opens an index of n pictures and searches it, in MiB. */
async function residentOf(pictures: number): Promise<number> {
  const child = fileURLToPath(new URL('query-child.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', child, String(pictures)]);
  return z.object({ residentMiB: z.number() }).parse(JSON.parse(stdout)).residentMiB;
}
