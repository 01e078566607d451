import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Runtime, Session } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { evaluateSystems } from '../packages/neurodex/src/evaluation/compare.ts';
import { queriesOf } from '../packages/neurodex/src/evaluation/queries.ts';
import { SYSTEM_NAMES } from '../packages/neurodex/src/query/system.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { atLeast, type Benchmark } from './benchmark.ts';
import { randomIndex } from './random-index.ts';
import { interleave, summarise } from './statistics.ts';

/** A runtime that adds up the time its sessions run. */
function clocked(): { runtime: Runtime; seconds: () => number } {
  const real = nodeRuntime();
  let total = 0;
  const clock = (session: Session): Session => ({
    async run(feeds, into) {
      const start = performance.now();
      try {
        return await session.run(feeds, into);
      } finally {
        total += (performance.now() - start) / 1000;
      }
    },
    release: () => session.release(),
  });
  return {
    runtime: { ...real, load: async (model, options) => clock(await real.load(model, options)) },
    seconds: () => total,
  };
}

export const benchmark: Benchmark = {
  name: 'evaluate',
  description:
    'measuring every system on 1,000 queries over 1,000 catalogue pictures: how long, and how much of it is the network',
  flags: {
    catalogue: { type: 'string', default: '1000' },
    queries: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '1' },
    systems: { type: 'string', default: SYSTEM_NAMES.join(',') },
  },
  async run({ flags, log }) {
    const [catalogue, asked, rounds] = [Number(flags.catalogue), Number(flags.queries), Number(flags.rounds)];
    const folder = await mkdtemp(join(tmpdir(), 'neurodex-bench-'));
    try {
      const wanted = String(flags.systems).split(',');
      const systems = SYSTEM_NAMES.filter((name) => wanted.includes(name));
      if (systems.length !== wanted.length) throw new Error(`--systems takes some of ${SYSTEM_NAMES.join(', ')}`);
      log('making an index of random pictures, trained for a single step');
      const out = join(folder, 'index');
      await randomIndex(out, { catalogue, queries: Math.ceil((asked * 50) / 49) + 1, systems });
      const { runtime, seconds } = clocked();
      const index = await openIndex(out, runtime);
      const queries = queriesOf(index.store, 'test').slice(0, asked);
      const evaluate = async (name: (typeof SYSTEM_NAMES)[number], few = false) =>
        await evaluateSystems({
          store: index.store,
          queries: few ? queries.slice(0, 64) : queries,
          systems: [await index.system(name)],
        });
      const inside: Record<string, number[]> = {};
      const side = (name: (typeof SYSTEM_NAMES)[number]) => async (): Promise<number> => {
        const [start, before] = [performance.now(), seconds()];
        await evaluate(name);
        const total = (performance.now() - start) / 1000;
        inside[name] = [...(inside[name] ?? []), (seconds() - before) / total];
        return total;
      };
      for (const name of systems) await evaluate(name, true);
      for (const name of systems) inside[name] = [];
      const summaries = await interleave(
        Object.fromEntries(systems.map((name) => [name, side(name)])),
        rounds,
        (name, round, value) => log(`round ${round}, ${name}: ${value.toFixed(2)} s`),
      );
      await index.close();
      const sides = Object.fromEntries(
        systems.map((name) => [
          name,
          {
            catalogue,
            queries: queries.length,
            medianSeconds: summaries[name]?.median,
            millisecondsPerQuery: (1000 * (summaries[name]?.median ?? Number.NaN)) / queries.length,
            insideOnnxRuntime: summarise(inside[name] ?? []).median,
          },
        ]),
      );
      const share = systems.includes('dsi') ? summarise(inside.dsi ?? []).median : null;
      return { sides, ratios: {}, targets: [atLeast('dsi: share of the time inside ONNX Runtime', share, 0.8)] };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
