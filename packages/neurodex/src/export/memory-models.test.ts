import { PRECISIONS } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import { describe, expect, it } from 'vitest';
import { deserialiseModel, serialiseModel } from '../dsi/model/model-file.ts';
import { readMemory } from '../dsi/model/read-parameters.ts';
import { DsiSystem } from '../dsi/search/dsi-system.ts';
import { plainPass, plainProbabilities, smallMemory } from '../dsi/search/small-memory.fixture.ts';
import { numeric } from '../identifiers/numeric.ts';
import type { Answer } from '../query/answers.ts';
import { asQueries } from '../systems/queries.fixture.ts';
import { exportedMemory, exportedTrie } from './exported-trie.ts';
import { scoringModels, searchModel, storeModel } from './models.ts';
import { BYTES, expectSame, runtime, searched, using } from './searched.fixture.ts';

const pictureOf = (pictures: Uint8Array, query: number) => pictures.subarray(query * BYTES, (query + 1) * BYTES);

describe.each([
  { count: 37, zeroPadding: false, attention: 'prefix' },
  { count: 120, zeroPadding: true, attention: 'causal' },
  { count: 1, zeroPadding: false, attention: 'prefix' },
] as const)('exported models of a memory of $count pictures ($attention, padding $zeroPadding)', (options) => {
  const small = smallMemory(options.count, options);
  const { geometry, model, table, trie, identifiers, rows, states, temperature } = small;
  const stored = storeModel({ model, table }, 'float32');
  const { width } = geometry;

  it('search.onnx ranks all identifiers as the states of their pictures do, for any number of queries', async () => {
    const bytes = searchModel(stored, options.count);
    for (const batch of [1, 3]) {
      const pictures = small.pictures(batch);
      const have = await searched(bytes, trie, pictures, options.count);
      for (const [query, answers] of have.entries()) {
        const probabilities = plainProbabilities(small, pictureOf(pictures, query));
        const want = identifiers.map(
          (identifier, n): Answer => ({
            row: defined(rows[n], 'a row'),
            score: Math.log(probabilities.get(identifier) ?? NaN),
          }),
        );
        expectSame(
          answers,
          want.sort((a, b) => b.score - a.score || a.row - b.row),
        );
      }
    }
  });

  it('encoder_model.onnx gives states, and decoder_model.onnx compares each with rows of its own, or with none', async () => {
    const { encoder, decoder } = scoringModels(stored);
    for (const [batch, n] of [
      [1, 5],
      [3, 12],
      [2, 0],
    ] as const) {
      const pictures = small.pictures(batch);
      const state = { name: 'states', dtype: 'float32', shape: [batch, width] } as const;
      const encoding = {
        bytes: encoder,
        inputs: [{ name: 'pictures', dtype: 'uint8', shape: [batch, 16, 16, 3] }],
        outputs: [state],
      } as const;
      const { states: made = new Float32Array() } = await using(runtime.load(encoding), (session) =>
        session.run({ pictures }),
      );
      const compared = Int32Array.from({ length: batch * n }, (_, i) => (7 * i) % table.size);
      const decoding = {
        bytes: decoder,
        inputs: [state, { name: 'rows', dtype: 'int32', shape: [batch, n] }],
        outputs: [{ name: 'logits', dtype: 'float32', shape: [batch, n] }],
      } as const;
      const { logits } = await using(runtime.load(decoding), (session) =>
        session.run({ states: made, rows: compared }),
      );
      expect([made.length, logits?.length]).toEqual([batch * width, batch * n]);
      for (let query = 0; query < batch; query++) {
        const { state: want } = plainPass(small, pictureOf(pictures, query));
        for (const [d, value] of want.entries()) expect(made[query * width + d]).toBeCloseTo(value, 5);
        for (let i = 0; i < n; i++) {
          const row = compared[query * n + i] ?? NaN;
          const product = want.reduce((sum, x, d) => sum + x * (model.memory?.rows[row * width + d] ?? NaN), 0);
          expect(logits?.[query * n + i]).toBeCloseTo(temperature * product, 4);
        }
      }
    }
  });

  it('description.json names the row of every node, and its squared norm: that of the mean of the pictures behind it', () => {
    const { rows: named } = exportedTrie(stored);
    const memory = defined(exportedMemory(stored), 'the memory');
    expect(memory.temperature).toBe(temperature);
    for (let node = 0; node < trie.nodeCount; node++) {
      const tokens = trie.prefix(node).filter((token) => token !== numeric.vocabulary.eos);
      const complete = trie.row(node) !== undefined;
      const behind = identifiers.flatMap((identifier, n) => {
        const own = [...numeric.toTokens(identifier)];
        const same = tokens.every((token, i) => own[i] === token) && (!complete || own.length === tokens.length);
        return same ? [states.subarray(n * width, (n + 1) * width)] : [];
      });
      const mean = Array.from(
        { length: width },
        (_, d) => behind.reduce((a, x) => a + (x[d] ?? NaN), 0) / behind.length,
      );
      const square = mean.reduce((a, x) => a + x * x, 0);
      expect(memory.squares[node]).toBeCloseTo(square, 5);
      const row = named[node] ?? NaN;
      for (const [d, value] of mean.entries()) expect(model.memory?.rows[row * width + d]).toBeCloseTo(value, 5);
    }
  });
});

describe.each(PRECISIONS)('a memory stored as %s', (precision) => {
  const small = smallMemory(60);
  const { model, table, trie } = small;
  const { width } = model.geometry;
  const stored = storeModel({ model, table }, precision);
  const given = defined(model.memory, 'the memory');
  const kept = defined(stored.model.memory, 'the memory');

  it('answers as the memory that it is measured with', async () => {
    const system = new DsiSystem({ runtime, table, search: { exactUpTo: 5000, beam: 20 }, ...stored.model });
    const pictures = small.pictures(4);
    const want = await system.rank(asQueries(pictures, BYTES), 10);
    await system.close();
    const have = await searched(searchModel(stored, 10), trie, pictures, 10);
    for (const [i, answers] of have.entries()) expectSame(answers, defined(want[i], 'a ranking'));
  });

  it('has rows that differ from those given by no more than half a step, and leaves those alone', () => {
    expect(given.rows.some((x, i) => x !== kept.rows[i])).toBe(precision !== 'float32');
    for (const [i, x] of given.rows.entries()) {
      const column = given.rows.filter((_, j) => j % width === i % width);
      const steps = {
        float32: 0,
        float16: Math.max(2 ** Math.floor(Math.log2(Math.abs(x))) * 2 ** -10, 2 ** -24),
        int8: Math.max(...column.map(Math.abs)) / 127,
      };
      expect(Math.abs((kept.rows[i] ?? NaN) - x)).toBeLessThanOrEqual(steps[precision] * 0.50001);
    }
  });

  it('is the memory that a site reads', () => {
    const bytes = serialiseModel(stored.original, precision);
    expect(readMemory(bytes, model.geometry)).toEqual(kept);
    const read = deserialiseModel(bytes, 'model.safetensors');
    expect([read.parameters, read.temperature]).toEqual([stored.model.parameters, kept.temperature]);
  });
});
