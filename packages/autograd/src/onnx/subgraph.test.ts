import fc from 'fast-check';
import { PbfWriter } from 'pbf';
import { describe, expect, it } from 'vitest';
import { float32 } from '../core/types.ts';
import { trace } from '../graph/trace.ts';
import { add, mul } from '../ops/elementwise.ts';
import { matmul } from '../ops/matmul.ts';
import { constant } from '../ops/source.ts';
import { nodeRuntime } from '../runtime/node.ts';
import { toOnnx } from './lower.ts';
import { extractSubgraph, graphInterface } from './subgraph.ts';

/** Messages of onnx.proto, by field number; numbers are varints. */
type Entry = readonly [number, string | number | readonly Entry[]];

function message(fields: readonly Entry[]): Uint8Array {
  const pbf = new PbfWriter();
  for (const [number, value] of fields) {
    if (typeof value === 'number') pbf.writeVarintField(number, value);
    else if (typeof value === 'string') pbf.writeStringField(number, value);
    else pbf.writeBytesField(number, message(value));
  }
  return pbf.finish();
}

const node = (inputs: readonly string[], outputs: readonly string[], ...more: readonly Entry[]): Entry => [
  1,
  [...inputs.map((name): Entry => [1, name]), ...outputs.map((name): Entry => [2, name]), [4, 'Relu'], ...more],
];
const value = (kind: 11 | 12 | 13, name: string): Entry => [kind, [[1, name]]];
const tensor = (name: string): Entry => [5, [[8, name]]];

const wide = Float32Array.from({ length: 600 }, (_, i) => Math.sin(i));
const model = toOnnx(
  trace({ picture: float32(2, 20), words: float32(2, 3) }, ({ picture, words }, scope) => {
    const seen = matmul(picture, constant(scope, 'float32', [20, 30], wide));
    return { seen, read: mul(words, 2), both: add(mul(words, 3), 1) };
  }),
);

describe('a model with two towers', () => {
  it('gives each of them alone, with what it needs and nothing else', async () => {
    const [seen, read] = [extractSubgraph(model, ['seen']), extractSubgraph(model, ['read'])];
    expect(graphInterface(model).inputs.map(({ name }) => name)).toEqual(['picture', 'words']);
    expect(graphInterface(seen)).toEqual({
      inputs: [{ name: 'picture', shape: [2, 20] }],
      outputs: [{ name: 'seen', shape: [2, 30] }],
    });
    expect(graphInterface(read).inputs).toEqual([{ name: 'words', shape: [2, 3] }]);
    expect(seen.length).toBeGreaterThan(wide.byteLength);
    expect(read.length).toBeLessThan(1000);
    const runtime = nodeRuntime({ threads: 1 });
    const feeds = {
      picture: { shape: [2, 20], data: Float32Array.from({ length: 40 }, (_, i) => i / 40) },
      words: { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    };
    const [whole, eye, ear] = [await runtime.open(model), await runtime.open(seen), await runtime.open(read)];
    expect(await eye.run({ picture: feeds.picture }, 'seen')).toEqual(await whole.run(feeds, 'seen'));
    expect((await ear.run({ words: feeds.words }, 'read')).data).toEqual(Float32Array.of(2, 4, 6, 8, 10, 12));
    for (const opened of [whole, eye, ear]) await opened.release();
  });

  it('has every output that is asked for, and says which it has not', () => {
    expect(graphInterface(extractSubgraph(model, ['both', 'seen'])).outputs.map(({ name }) => name)).toEqual([
      'seen',
      'both',
    ]);
    expect(() => extractSubgraph(model, ['image_embeds'])).toThrow('it has no output image_embeds');
  });
});

it('what graphs inside of a node take from outside is kept; so is what the model says beside its graph', () => {
  const branch: Entry = [6, [node(['far'], ['inner']), value(12, 'inner')]];
  const passed: Entry = [6, [value(12, 'constant')]];
  const graph: Entry = [
    7,
    [
      node(['x'], ['far']),
      node(['y'], ['elsewhere']),
      node(['condition'], ['out', ''], [5, [branch]], [5, [passed]]),
      node(['elsewhere', ''], ['other']),
      tensor('constant'),
      tensor('unused'),
      [15, [[1, [[8, 'condition']]]]],
      [15, [[1, [[8, 'sparse-unused']]]]],
      value(11, 'x'),
      value(11, 'y'),
      value(11, 'constant'),
      value(12, 'out'),
      value(12, 'other'),
      value(13, 'far'),
      value(13, 'elsewhere'),
      [2, 'a graph'],
    ],
  ];
  const whole = message([[1, 9], graph, [8, [[2, 17]]], [14, [[1, 'key']]]]);
  const [x, constant] = [value(11, 'x'), value(11, 'constant')];
  const kept: Entry = [
    7,
    [
      node(['x'], ['far']),
      node(['condition'], ['out', ''], [5, [branch]], [5, [passed]]),
      tensor('constant'),
      [15, [[1, [[8, 'condition']]]]],
      ...[x, constant, value(12, 'out'), value(13, 'far')],
      [2, 'a graph'],
    ],
  ];
  expect(extractSubgraph(whole, ['out'])).toEqual(message([[1, 9], kept, [8, [[2, 17]]], [14, [[1, 'key']]]]));
  // A weight that is listed as an input as well is none.
  expect(graphInterface(whole).inputs.map(({ name }) => name)).toEqual(['x', 'y']);
});

it('damaged bytes are refused as such', () => {
  const bytes = [
    new Uint8Array(),
    Uint8Array.of(1, 2, 3),
    message([[1, 8]]),
    message([
      [7, []],
      [7, []],
    ]),
  ];
  for (const each of bytes) expect(() => graphInterface(each)).toThrow('its bytes are no ONNX model');
  fc.assert(
    fc.property(fc.nat(model.length - 1), fc.integer({ min: 0, max: 255 }), fc.boolean(), (at, byte, cut) => {
      const damaged = cut ? model.slice(0, at) : model.slice();
      if (!cut) damaged[at] = byte;
      for (const read of [graphInterface, (onnx: Uint8Array) => extractSubgraph(onnx, ['seen'])]) {
        try {
          read(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }
    }),
    { numRuns: 500 },
  );
});
