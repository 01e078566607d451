import { execFile } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { initialParameters, loadable, Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { scoringGraphs } from '../packages/neurodex/src/dsi/graphs/scoring-export.ts';
import { geometryOf } from '../packages/neurodex/src/dsi/model/geometry.ts';
import { dsiParameters, parameterArrays } from '../packages/neurodex/src/dsi/model/parameters.ts';
import { PrefixTable } from '../packages/neurodex/src/dsi/model/prefix-table.ts';
import { DsiSystem } from '../packages/neurodex/src/dsi/search/dsi-system.ts';
import { identifierLength } from '../packages/neurodex/src/identifiers/encode.ts';
import { numeric } from '../packages/neurodex/src/identifiers/numeric.ts';
import { Trie } from '../packages/neurodex/src/identifiers/trie.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { ApproximateVectorSearch } from '../packages/neurodex/src/systems/approximate-search.ts';
import { ExactVectorSearch, normalised } from '../packages/neurodex/src/systems/vector-search.ts';
import { atLeast, atMost, type Benchmark, ratio, type Side, type Target } from './benchmark.ts';
import { openPyTorch, type PyTorch } from './pytorch.ts';
import { interleave, median, type Summary } from './statistics.ts';

const NETWORKS = ['seed', 'default'] as const;
type Network = (typeof NETWORKS)[number];
/** Catalogue of the seed's demo. */
const SMALL = 96;
const ANSWERS = 10;
const BEAM = 10;
/** What is measured in a row before it is another side's turn; its median is the value of the round. */
const QUERIES = 30;
/** Milliseconds between two sides. */
const REST = 50;
/** Of the vectors that cosine compares: the width of both networks. */
const VECTOR = 128;
/** Catalogues of the index whose memory is measured. */
const INDEXES = [96, 10_000] as const;
const MEMORY_MIB = 250;

type Call = () => Promise<unknown>;

/** An untrained network over n pictures, and one picture. */
function searchOf(
  network: Network,
  n: number,
  exactUpTo: number,
): { call: Call; encoder: () => Promise<Call>; close: () => Promise<void> } {
  const preset = PRESETS[network];
  const random = Random.seeded(1);
  const entries = Array.from({ length: n }, (_, i) => ({ path: `${i}.png`, labels: [] }));
  const { zeroPadding } = preset.identifiers;
  const identifiers = numeric.assign(entries, { order: 'clustered', zeroPadding }, random);
  const trie = new Trie(numeric, identifiers);
  const table = PrefixTable.create(trie, preset.model.embedding);
  const length = identifierLength(numeric, identifiers);
  const geometry = geometryOf(preset, numeric.vocabulary, length, { embeddingRows: table.size });
  const parameters = initialParameters(dsiParameters(geometry), random);
  const pixels = new Uint8Array(geometry.imageSize ** 2 * 3);
  random.fillBytes(pixels);
  const runtime = nodeRuntime();
  const system = new DsiSystem({ runtime, geometry, table, search: { exactUpTo, beam: BEAM }, parameters });
  const query = [
    { kind: 'picture' as const, pixels, thumbnail: () => Promise.reject(new Error('there is no thumbnail')) },
  ];
  return {
    call: () => system.rank(query, ANSWERS),
    // The patches alone, to the last keys and values.
    encoder: async () => {
      const session = await runtime.load(
        loadable(scoringGraphs(geometry, 1, 1, parameterArrays(geometry, parameters)).encoder),
      );
      return () => session.run({ pictures: pixels });
    },
    close: () => system.close(),
  };
}

/** Vectors in clusters, as embeddings of classes are; float32 [n, VECTOR], and one like them. */
function vectorsOf(n: number): { unit: Float32Array; query: Float32Array } {
  const random = Random.seeded(n);
  const centres = Array.from({ length: 50 }, () => Float32Array.from({ length: VECTOR }, () => random.normal()));
  const near = (to: Float32Array) => to.map((value) => value + random.normal());
  const unit = new Float32Array(n * VECTOR);
  for (let i = 0; i < n; i++) unit.set(near(centres[i % centres.length] as Float32Array), i * VECTOR);
  return { unit: normalised(unit, VECTOR), query: near(centres[0] as Float32Array) };
}

/** Seconds of one call: the median of several in a row, after some that are not counted: many the first time. */
const timed = (call: Call) => {
  let before = 100;
  return async (): Promise<number> => {
    // The threads of the side before may still be spinning, on the cores that this one needs.
    await setTimeout(REST);
    const seconds: number[] = [];
    for (let i = -before; i < QUERIES; i++) {
      const start = performance.now();
      await call();
      if (i >= 0) seconds.push((performance.now() - start) / 1000);
    }
    before = 5;
    return median(seconds);
  };
};

const generating = (pytorch: PyTorch, batched: boolean) => () =>
  pytorch.generate({ form: 'mended', batched, k: ANSWERS, runs: 3 });

/** Peak resident memory of a process that opens an index of n pictures and searches it, in MiB. */
async function residentOf(pictures: number): Promise<number> {
  const child = fileURLToPath(new URL('query-child.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', child, String(pictures)]);
  return (JSON.parse(stdout) as { residentMiB: number }).residentMiB;
}

const milliseconds = (summary: Summary | undefined): number | undefined => summary && 1000 * summary.median;

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
    const rounds = Number(flags.rounds);
    const sizes = String(flags.sizes).split(',').map(Number);
    const opened = await openPyTorch();
    const pytorch = 'missing' in opened ? undefined : opened;
    const sides: Record<string, Side> = {};
    const ratios: Record<string, number | null> = {};
    const targets: Target[] = [];
    const growth: Record<string, Record<number, number>> = {};
    const tell = (side: string, round: number, value: number) =>
      log(`round ${round}, ${side}: ${(1000 * value).toFixed(2)} ms`);
    try {
      for (const network of NETWORKS) {
        const small = searchOf(network, SMALL, Number.POSITIVE_INFINITY);
        const beams = sizes.map((n) => [n, searchOf(network, n, 0)] as const);
        const calls: Record<string, () => Promise<number>> = {
          encoder: timed(await small.encoder()),
          query: timed(small.call),
          ...Object.fromEntries(beams.map(([n, { call }]) => [`N=${n}`, timed(call)])),
        };
        if (pytorch !== undefined && network === 'seed') {
          calls.generation = generating(pytorch, false);
          calls['generation, batched'] = generating(pytorch, true);
        }
        const measured: Readonly<Record<string, Summary | undefined>> = await interleave(
          calls,
          rounds,
          (side, round, value) => tell(`${network}, ${side}`, round, value),
        );
        for (const { close } of [small, ...beams.map(([, search]) => search)]) await close();
        sides[`neurodex, ${network} network`] = {
          encoderMilliseconds: milliseconds(measured.encoder),
          [`exhaustive, N=${SMALL}`]: milliseconds(measured.query),
          ...Object.fromEntries(sizes.map((n) => [`beam ${BEAM}, N=${n}`, milliseconds(measured[`N=${n}`])])),
        };
        growth[`dsi, ${network} network`] = Object.fromEntries(
          sizes.map((n) => [n, milliseconds(measured[`N=${n}`]) as number]),
        );
        const name = `query / encoder, ${network} network, N=${SMALL}`;
        ratios[name] = ratio(measured.query?.median, measured.encoder?.median);
        targets.push(atMost(name, ratios[name] ?? null, 1.25));
        const [first, last] = [sizes[0], sizes.at(-1)];
        const grown = `N=${last} / N=${first}, beam ${BEAM}, ${network} network`;
        ratios[grown] = ratio(measured[`N=${last}`]?.median, measured[`N=${first}`]?.median);
        targets.push(atMost(grown, ratios[grown] ?? null, 3));
        if (network !== 'seed') continue;
        sides.pytorch =
          'missing' in opened
            ? opened
            : {
                ...opened.description,
                generationMilliseconds: milliseconds(measured.generation),
                batchedGenerationMilliseconds: milliseconds(measured['generation, batched']),
              };
        const faster = 'the seed’s generation / neurodex, seconds per query';
        ratios[faster] = ratio(measured.generation?.median, measured.query?.median);
        ratios[`${faster}, digits of all sequences in one batch`] = ratio(
          measured['generation, batched']?.median,
          measured.query?.median,
        );
        targets.push(atLeast(faster, ratios[faster] ?? null, 15));
      }
    } finally {
      await pytorch?.close();
    }
    const cosine = await vectorSearch(sizes, rounds, tell);
    Object.assign(growth, cosine);
    // Milliseconds by N, which docs/plot-query.ts draws.
    sides.latency = growth;
    if (!flags['no-memory']) {
      const resident: Record<string, number> = {};
      for (const n of INDEXES) {
        log(`making an index of ${n} pictures, to search it in a process of its own`);
        resident[`N=${n}`] = await residentOf(n);
        targets.push(
          atMost(`MiB resident, searching an index of ${n} pictures`, resident[`N=${n}`] ?? null, MEMORY_MIB),
        );
      }
      sides.memory = { residentMiB: resident };
    }
    return { sides, ratios, targets };
  },
};

/** Milliseconds of the search alone over ready vectors; a query would have to be encoded before. */
async function vectorSearch(
  sizes: readonly number[],
  rounds: number,
  tell: (side: string, round: number, value: number) => void,
): Promise<Record<string, Record<number, number>>> {
  const calls: Record<string, () => Promise<number>> = {};
  for (const n of sizes) {
    const { unit, query } = vectorsOf(n);
    const exact = new ExactVectorSearch(unit, VECTOR);
    const approximate = await ApproximateVectorSearch.build(unit, VECTOR);
    calls[`exact cosine ${n}`] = timed(async () => exact.nearest(query, ANSWERS));
    calls[`approximate cosine ${n}`] = timed(async () => approximate.nearest(query, ANSWERS));
  }
  const measured = await interleave(calls, rounds, tell);
  const of = (name: string) =>
    Object.fromEntries(sizes.map((n) => [n, 1000 * (measured[`${name} ${n}`]?.median ?? Number.NaN)]));
  return { 'exact cosine': of('exact cosine'), 'approximate cosine': of('approximate cosine') };
}
