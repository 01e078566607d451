import { readdir, readFile } from 'node:fs/promises';
import { NeurodexError } from '@neurodex/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodePicture, decodeWhole } from './decode.ts';
import { unreadableTiff } from './tiff-kind.ts';

const folder = new URL('fixtures/', import.meta.url);
const names = (await readdir(folder)).filter((name) => !/json$|md$/.test(name));
const files = await Promise.all(names.map(async (name) => ({ name, bytes: await readFile(new URL(name, folder)) })));
const options = { maxPixels: 100_000, size: 16, name: 'set/this one' };

/** Bytes replaced (most in the header, where the numbers are), a part cut out, an end cut off. */
const damage = fc.record({
  file: fc.constantFrom(...files),
  changes: fc.array(fc.tuple(fc.oneof(fc.nat(400), fc.nat(20_000)), fc.constantFrom(0, 1, 127, 128, 255, 42)), {
    maxLength: 6,
  }),
  end: fc.option(fc.double({ min: 0.02, max: 1, noNaN: true })),
});

describe('damaged pictures', () => {
  it('give a picture or a NeurodexError that names the file and no library', async () => {
    await fc.assert(
      fc.asyncProperty(damage, async ({ file, changes, end }) => {
        const bytes = Buffer.from(file.bytes);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const cut = end === null ? bytes : bytes.subarray(0, Math.ceil(bytes.length * end));
        for (const attempt of [() => decodePicture(cut, options), () => decodeWhole(cut, options)]) {
          try {
            await attempt();
          } catch (error) {
            if (!(error instanceof NeurodexError)) throw error;
            expect(error.code).toMatch(/^picture-/);
            expect(error.message).toContain('set/this one');
            expect(error.message).not.toMatch(/vips|sharp|libpng|tiff2|Input buffer|heif:|\/\*|undefined/i);
          }
        }
      }),
      { numRuns: 300 },
    );
  }, 120_000);
});

it.each([
  [3, 'a TIFF of 1-bit floating point samples'],
  [1, 'a 1-bit RGB TIFF'],
])('a TIFF that does not say its depth, of the sample format %i, is one of 1 bit', (sampleFormat, expected) => {
  const header = { width: 4, height: 4, photometric: 2, compression: 1, samples: 3, planar: false, inkSet: 1 };
  const kind = { ...header, bits: [], sampleFormats: [sampleFormat], extra: [], tile: undefined };
  expect(unreadableTiff(kind)).toBe(expected);
});
