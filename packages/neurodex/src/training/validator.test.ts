import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import { DsiSystem } from '../dsi/search/dsi-system.ts';
import { smallNetwork } from '../dsi/search/small-network.fixture.ts';
import { evaluateSystem } from '../evaluation/evaluate.ts';
import { queriesOf } from '../evaluation/queries.ts';
import { parseMeasure } from '../evaluation/registry.ts';
import { noThumbnail } from '../pictures/no-thumbnail.fixture.ts';
import { type PictureStore, partsOf } from '../pictures/picture-store.ts';
import { Validator } from './validator.ts';

/** 20 catalogue pictures in odd rows, as the small network's trie names them, and a validation query after each. */
function catalogueOf(network: ReturnType<typeof smallNetwork>): PictureStore {
  const pictures = Array.from({ length: 42 }, (_, row) => ({
    row,
    id: row,
    path: `${row}.png`,
    labels: [`class ${row % 5}`],
    role: row % 2 === 1 && row < 40 ? ('catalogue' as const) : ('validation' as const),
  }));
  return {
    size: 16,
    ...partsOf(pictures),
    hasClasses: true,
    notices: [],
    skipped: [],
    pixels: network.pictures(42),
    ...noThumbnail,
  };
}

describe('the validator', () => {
  const network = smallNetwork(20);
  const store = catalogueOf(network);
  const { geometry, table, parameters } = network;
  const runtime = nodeRuntime();
  const search = { exactUpTo: 5000, beam: 20 };

  it('measures the tasks that a phase trains, as the evaluation of the finished index does', async () => {
    const validator = new Validator({ runtime, geometry, table, store, search });
    const system = new DsiSystem({ runtime, geometry, table, search, parameters });
    const { metrics } = await evaluateSystem({
      system,
      store,
      queries: queriesOf(store, 'validation').filter(({ relevant }) => relevant.size > 0),
      measures: [parseMeasure('AP@10'), parseMeasure('IA@1')],
    });
    const both = await validator.measure(parameters, { indexing: 1, retrieval: 1 });
    expect(both['AP@10']).toBeCloseTo(metrics['AP@10'] as number, 6);
    expect(both['IA@1']).toBeCloseTo(metrics['IA@1'] as number, 6);
    expect(Object.keys(await validator.measure(parameters, { indexing: 1, retrieval: 0 }))).toEqual(['IA@1']);
    expect(Object.keys(await validator.measure(parameters, { indexing: 0, retrieval: 1 }))).toEqual(['AP@10']);
    const other = await validator.measure(new Float32Array(parameters.length), { indexing: 1, retrieval: 1 });
    expect(other).not.toEqual(both);
    await validator.close();
    await system.close();
  });
});
