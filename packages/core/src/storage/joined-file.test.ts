import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckedFile } from './checked-file.ts';
import { FileHasher } from './hashed-file.ts';
import { JoinedFile } from './joined-file.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-joined-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;
function joined(parts: readonly (readonly number[])[]): JoinedFile {
  return new JoinedFile(
    parts.map((bytes) => {
      const path = join(folder, `${made++}`);
      const hasher = new FileHasher();
      hasher.update(Uint8Array.from(bytes));
      writeFileSync(path, Uint8Array.from(bytes));
      return new CheckedFile(path, hasher.digest());
    }),
  );
}

describe('files that are read as one', () => {
  it('give any run of their bytes, over the borders too', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.nat(255), { minLength: 1, maxLength: 9 }), { minLength: 1, maxLength: 5 }),
        fc.nat(50),
        fc.nat(50),
        (parts, a, b) => {
          const all = parts.flat();
          const file = joined(parts);
          expect(file.byteLength).toBe(all.length);
          const start = Math.min(a, all.length);
          const target = new Uint8Array(Math.min(b, all.length - start));
          file.readSync(target, start);
          expect([...target]).toEqual(all.slice(start, start + target.length));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('end where the last one ends', () => {
    const file = joined([[1, 2], [3]]);
    expect(() => file.readSync(new Uint8Array(2), 2)).toThrow(new RangeError('bytes 2 to 4 of 3'));
    expect(() => file.readSync(new Uint8Array(1), -1)).toThrow(RangeError);
  });

  it('know which of them holds a byte', () => {
    const file = joined([[1, 2], [3]]);
    expect(file.pathAt(1)).not.toBe(file.pathAt(2));
    expect([file.pathAt(0), file.pathAt(9)]).toEqual([file.pathAt(1), file.pathAt(2)]);
    expect(joined([]).pathAt(0)).toBe('');
  });

  it('are compared with what is listed of each', () => {
    const file = joined([[1, 2], [3]]);
    writeFileSync(file.pathAt(2), Uint8Array.of(4));
    file.readSync(new Uint8Array(2), 0);
    expect(() => file.readSync(new Uint8Array(1), 2)).toThrow(expect.objectContaining({ code: 'index-damaged' }));
  });
});
