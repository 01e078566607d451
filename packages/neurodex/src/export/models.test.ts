import { loadable, PRECISIONS } from '@neurodex/autograd';
import { describe, expect, it } from 'vitest';
import { scoringGraphs } from '../dsi/graphs/scoring-export.ts';
import { DsiSystem } from '../dsi/search/dsi-system.ts';
import { smallNetwork } from '../dsi/search/small-network.fixture.ts';
import type { Answer } from '../query/answers.ts';
import { asQueries } from '../systems/queries.fixture.ts';
import { scoringModels, searchModel, storeModel } from './models.ts';
import { BYTES, expectSame, runtime, searched, using } from './searched.fixture.ts';

const SHAPES = [
  { count: 37, zeroPadding: false, attention: 'prefix', stem: 'linear' },
  { count: 120, zeroPadding: true, attention: 'causal', stem: 'convolutional', embedding: 'prefix', output: 'own' },
  { count: 1, zeroPadding: false, attention: 'prefix', stem: 'linear' },
] as const;

describe.each(SHAPES)('exported models of $count pictures ($attention, $stem, padding $zeroPadding)', (options) => {
  const network = smallNetwork(options.count, options);
  const { geometry, parameters, table } = network;
  const model = storeModel({ model: { geometry, parameters, prefixes: table.stored }, table }, 'float32');

  it('search.onnx ranks as exhaustive scoring does, for any number of pictures', async () => {
    const system = new DsiSystem({ runtime, geometry, table, search: { exactUpTo: 5000, beam: 20 }, parameters });
    const k = Math.min(options.count, 25);
    const bytes = searchModel(model, k);
    for (const batch of [1, 3, 32]) {
      const pictures = network.pictures(batch);
      const want = await system.rank(asQueries(pictures, BYTES), k);
      const have = await searched(bytes, network.trie, pictures, k);
      have.forEach((answers, i) => {
        expectSame(answers, want[i] as Answer[]);
      });
    }
    await system.close();
  });

  it('encoder_model.onnx and decoder_model.onnx give the logits of the graphs of each size, for any number of pictures and positions', async () => {
    const { encoder, decoder } = scoringModels(model);
    for (const [batch, positions] of [
      [1, 5],
      [3, 12],
      [32, 1],
    ] as const) {
      const fixed = scoringGraphs(geometry, batch, positions, model.arrays);
      const pictures = network.pictures(batch);
      const tokens = {
        tokens: Int32Array.from({ length: positions * batch }, (_, i) => i % 10),
        positions: Int32Array.from(
          { length: positions },
          (_, i) => geometry.sequenceLength + (i % geometry.maxIdentifierLength),
        ),
        mask: new Float32Array(positions * (geometry.sequenceLength + positions)),
      };
      const encodedAtOnce = await using(runtime.load(loadable(fixed.encoder)), (session) => session.run({ pictures }));
      const { logits: want = new Float32Array() } = await using(runtime.load(loadable(fixed.decoder)), (session) =>
        session.run({ ...encodedAtOnce, ...tokens }),
      );
      const cache = Array.from({ length: geometry.layers }, (_, i) => [`keys${i}`, `values${i}`])
        .flat()
        .map((name) => ({ name, dtype: 'float32' as const, shape: [geometry.sequenceLength, batch, geometry.width] }));
      const encoded = await using(
        runtime.load({
          bytes: encoder,
          inputs: [{ name: 'pictures', dtype: 'uint8', shape: [batch, 16, 16, 3] }],
          outputs: cache,
        }),
        (session) => session.run({ pictures }),
      );
      const { logits = new Float32Array() } = await using(
        runtime.load({
          bytes: decoder,
          inputs: [
            ...cache,
            { name: 'tokens', dtype: 'int32', shape: [positions, batch] },
            { name: 'positions', dtype: 'int32', shape: [positions] },
            { name: 'mask', dtype: 'float32', shape: [positions, geometry.sequenceLength + positions] },
          ],
          outputs: [{ name: 'logits', dtype: 'float32', shape: [positions, batch, geometry.vocabulary] }],
        }),
        (session) => session.run({ ...encoded, ...tokens }),
      );
      expect(logits).toHaveLength(want.length);
      want.forEach((logit, i) => {
        expect(Number(logits[i])).toBeCloseTo(Number(logit), 4);
      });
    }
  });
});

describe.each(PRECISIONS)('a model stored as %s', (precision) => {
  const network = smallNetwork(60);
  const { geometry, parameters, table } = network;
  const model = storeModel({ model: { geometry, parameters, prefixes: table.stored }, table }, precision);

  it('answers as the parameters that it is measured with', async () => {
    const search = { exactUpTo: 5000, beam: 20 };
    const system = new DsiSystem({ runtime, geometry, table, search, parameters: model.model.parameters });
    const pictures = network.pictures(4);
    const want = await system.rank(asQueries(pictures, BYTES), 10);
    await system.close();
    const have = await searched(searchModel(model, 10), network.trie, pictures, 10);
    have.forEach((answers, i) => {
      expectSame(answers, want[i] as Answer[]);
    });
  });

  it('keeps the parameters that it was given apart from those that it stands for', () => {
    const changed = model.model.parameters.some((x, i) => x !== parameters[i]);
    expect(changed).toBe(precision !== 'float32');
  });
});
