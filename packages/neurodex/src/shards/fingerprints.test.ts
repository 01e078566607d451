import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fingerprintsOf, mayHave, readFingerprints, writeFingerprints } from './fingerprints.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const pictures = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 60 });

it('never misses a picture that is there', () => {
  fc.assert(
    fc.property(pictures, (paths) => {
      const files = paths.map(sha256);
      const prints = readFingerprints(writeFingerprints(fingerprintsOf(paths, files)), paths.length, 'it');
      for (const path of paths) {
        expect(mayHave(prints, { paths: path })).toBe(true);
        expect(mayHave(prints, { files: sha256(path) })).toBe(true);
      }
    }),
  );
});

it('passes over nearly all that are not there', () => {
  const paths = Array.from({ length: 5000 }, (_, i) => `there/${i}.png`);
  const prints = fingerprintsOf(paths, paths.map(sha256));
  const others = Array.from({ length: 5000 }, (_, i) => `elsewhere/${i}.png`);
  // 5,000 of 2³² prints are taken: 5,000 others meet one in 0.006 cases on average.
  expect(others.filter((path) => mayHave(prints, { paths: path, files: sha256(path) })).length).toBeLessThanOrEqual(1);
  expect(mayHave(prints, {})).toBe(false);
});

it('is the first four bytes of SHA-256, in ascending order, little-endian', () => {
  const bytes = writeFingerprints(fingerprintsOf(['b', 'a'], [sha256('x'), sha256('y')]));
  const view = new DataView(bytes.buffer);
  const prints = Array.from({ length: 4 }, (_, i) => view.getUint32(4 * i, true));
  // sha256sum of a, b, x and y begins with these.
  expect(prints).toEqual([0x3e23e816, 0xca978112, 0x2d711642, 0xa1fce436]);
});

it('refuses what has another number of pictures, or no order', () => {
  const bytes = writeFingerprints(fingerprintsOf(['a', 'b'], [sha256('x'), sha256('y')]));
  expect(() => readFingerprints(bytes, 3, 'objects/x')).toThrow(/objects\/x/);
  bytes.copyWithin(0, 8, 12);
  bytes.fill(0, 4, 8);
  expect(() => readFingerprints(bytes, 2, 'objects/x')).toThrow(/out of order/);
});
