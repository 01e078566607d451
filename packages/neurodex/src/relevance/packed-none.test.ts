import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NoneModel } from './none.ts';
import { packNone, unpackNone } from './packed-none.ts';

const float = fc.float({ noNaN: true, noDefaultInfinity: true });
const floats = (length: number) =>
  fc.array(float, { minLength: length, maxLength: length }).map((values) => Float32Array.from(values));
const size = fc.integer({ min: 1, max: 4 });
/** Of any lengths that fit each other. */
const models: fc.Arbitrary<NoneModel> = fc.tuple(size, size, size, size).chain(([length, width, classes, matrices]) =>
  fc.record({
    blocks: fc.constant([{ name: 'appearance' as const, length, scale: 2 }]),
    projection: fc.record({ mean: floats(length), components: floats(width * length) }),
    known: fc.record({
      width: fc.constant(width),
      weights: floats(classes * width),
      biases: floats(classes),
      means: floats(classes * width),
      precisions: floats(matrices * width * width),
      logDeterminants: floats(matrices),
      precisionOf: fc
        .array(fc.nat(matrices - 1), { minLength: classes, maxLength: classes })
        .map((places) => Int32Array.from(places)),
    }),
    model: fc.constant({ means: [0, 1], scales: [1, 2], weights: [1, 1], bias: 0.25 }),
  }),
);

describe('a packed model of what is not there', () => {
  it('is unpacked as it was, through JSON', () => {
    fc.assert(
      fc.property(models, (model) => {
        expect(unpackNone(JSON.parse(JSON.stringify(packNone(model))))).toEqual(model);
      }),
    );
  });

  it('is base64 of little-endian numbers, as Node writes it, however many', () => {
    const components = Float32Array.from({ length: 30_000 }, (_, i) => i / 7);
    const known = { width: 1, weights: Float32Array.of(1), biases: Float32Array.of(1), means: Float32Array.of(1) };
    const packed = packNone({
      blocks: [{ name: 'state', length: 30_000, scale: 1 }],
      projection: { mean: components, components },
      known: {
        ...known,
        precisions: Float32Array.of(1),
        logDeterminants: Float32Array.of(0),
        precisionOf: Int32Array.of(0),
      },
      model: { means: [], scales: [], weights: [], bias: 0 },
    });
    expect(packed.components).toBe(Buffer.from(components.buffer).toString('base64'));
  });

  it('is refused with any string in the place of its arrays, or as it is', () => {
    const names = ['mean', 'components', 'weights', 'biases', 'means', 'precisions', 'precisionOf'] as const;
    fc.assert(
      fc.property(models, fc.constantFrom(...names), fc.oneof(fc.string(), fc.base64String()), (model, name, text) => {
        try {
          const { known, projection } = unpackNone({ ...packNone(model), [name]: text });
          expect(known.biases.length).toBe(known.precisionOf.length);
          expect(projection.components.length).toBe(projection.mean.length * known.width);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
