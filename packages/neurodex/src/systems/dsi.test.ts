import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import { describe, expect, it } from 'vitest';
import type { IndexArtifact } from '../artifact/index-artifact.ts';
import { smallNetwork } from '../dsi/search/small-network.fixture.ts';
import type { SystemContext } from './declaration.ts';
import { dsi } from './dsi.ts';
import { asQueries } from './queries.fixture.ts';

/** A network that reads one embedding of the picture's edge squared: what it is given is counted. */
function contextOf(input: 'pixels' | 'embeddings', batches?: readonly number[]) {
  const { trie, table, geometry, parameters } = smallNetwork(6);
  const asked: number[] = [];
  const embed = async (queries: readonly unknown[]) => {
    asked.push(queries.length);
    return new Float32Array(queries.length * 4 * 192).fill(0.5);
  };
  // A linear stem of patches has the parameters of a projection of as many channels.
  const own = input === 'pixels' ? geometry : { ...geometry, input, channels: 192 };
  const context = {
    artifact: {
      manifest: { config: { retrieval: { exactUpTo: 0, beam: 2 } } },
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
  return { context: context as unknown as SystemContext, asked };
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
    const [found = []] = await system.rank(queries(1), 6);
    expect(new Set(found.map(({ row }) => row)).size).toBe(6);
    expect(asked).toEqual([]);
    await system.close();
  });
});
