import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { describe, expect, it } from 'vitest';
import type { IndexArtifact } from '../artifact/index-artifact.ts';
import { smallNetwork } from '../dsi/search/small-network.fixture.ts';
import type { SystemContext } from './declaration.ts';
import { dsi } from './dsi.ts';
import { asQueries } from './queries.fixture.ts';

/** 00 … 89, and 9: where 9 is the likeliest picture, another digit is often the likeliest to begin with. */
const IDENTIFIERS = [...Array.from({ length: 90 }, (_, i) => String(i).padStart(2, '0')), '9'];

/** A network that reads one embedding of the picture's edge squared: what it is given is counted. */
function contextOf(input: 'pixels' | 'embeddings', batches?: readonly number[], retrieval = { exactUpTo: 0, beam: 2 }) {
  const { trie, table, geometry, parameters, identifiers, rows } = smallNetwork(IDENTIFIERS.length, {
    identifiers: IDENTIFIERS,
  });
  const asked: number[] = [];
  const embed = async (queries: readonly unknown[]) => {
    asked.push(queries.length);
    return new Float32Array(queries.length * 4 * 192).fill(0.5);
  };
  // A linear stem of patches has the parameters of a projection of as many channels.
  const own = input === 'pixels' ? geometry : { ...geometry, input, channels: 192 };
  const context = {
    artifact: {
      manifest: { config: { retrieval } },
      trie,
      network: async () => ({ model: { geometry: own, parameters, prefixes: undefined }, table }),
    } as unknown as IndexArtifact,
    runtime: nodeRuntime({ threads: 1 }),
    reporter: silentReporter,
    ...(batches === undefined ? {} : { batches }),
    queryEncoder: async () => {
      asked.push(0);
      return { embed };
    },
  };
  return {
    context: context as unknown as SystemContext,
    asked,
    names: new Map(rows.map((row, i) => [row, identifiers[i] ?? ''])),
  };
}
const queries = (n: number) => asQueries(new Uint8Array(n * 16 * 16 * 3).fill(9), 16 * 16 * 3);

describe('the network as a system', () => {
  it.each<[readonly number[] | undefined, readonly number[]]>([
    [undefined, [0, 3]],
    [[2], [0, 2, 1]],
  ])('takes queries together in the sizes %j', async (batches, expected) => {
    const { context, asked } = contextOf('embeddings', batches);
    const system = await dsi.open(context);
    const answers = await system.rank(queries(3), 2);
    expect(answers.map((each) => each.length)).toEqual([2, 2, 2]);
    expect(asked).toEqual(expected);
    await system.close();
  });

  it('has an encoder in front of it only where it reads embeddings', async () => {
    const { context, asked } = contextOf('pixels');
    const system = await dsi.open(context);
    const [found = []] = await system.rank(queries(1), IDENTIFIERS.length);
    expect(new Set(found.map(({ row }) => row)).size).toBe(91);
    expect(asked).toEqual([]);
    await system.close();
  });

  it('searches with a beam of the width that the configuration says', async () => {
    const pictures = new Uint8Array(20 * 16 * 16 * 3);
    Random.seeded(2).fillBytes(pictures);
    const asked = asQueries(pictures, 16 * 16 * 3);
    const { context, names } = contextOf('pixels', [20], { exactUpTo: 0, beam: 1 });
    const system = await dsi.open(context);
    const narrow = await system.rank(asked, 1);
    // More answers than the beam is wide come from exact search: the probability of every picture.
    const exact = await system.rank(asked, IDENTIFIERS.length);
    await system.close();
    const best: (string | undefined)[] = [];
    const greedy = exact.map((answers) => {
      const chances = answers.map(({ row, score }) => ({ name: `${names.get(row)}.`, chance: Math.exp(score) }));
      best.push(chances[0]?.name);
      // The likeliest token after the likeliest one: its chance is that of all pictures whose names go on with it.
      let prefix = '';
      while (!prefix.endsWith('.')) {
        const next = new Map<string, number>();
        for (const { name, chance } of chances.filter((each) => each.name.startsWith(prefix))) {
          const token = name.charAt(prefix.length);
          next.set(token, (next.get(token) ?? 0) + chance);
        }
        prefix += [...next].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '.';
      }
      return prefix;
    });
    expect(narrow.map(([answer]) => `${names.get(answer?.row ?? NaN)}.`)).toEqual(greedy);
    expect(greedy).not.toEqual(best);
  });
});
