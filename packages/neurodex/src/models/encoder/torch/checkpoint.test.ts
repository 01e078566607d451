import { existsSync, readFileSync } from 'node:fs';
import { NeurodexError } from '@neurodex/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCheckpoint } from './checkpoint.ts';

const fixture = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`./fixtures/${name}`, import.meta.url)));
const small = fixture('small.pth');
interface Expected {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly values: readonly (number | string)[];
}
const expected = JSON.parse(new TextDecoder().decode(fixture('small.json'))) as Record<string, Expected>;

function refusal(bytes: Uint8Array): NeurodexError {
  try {
    readCheckpoint(bytes, 'w.pth');
  } catch (error) {
    if (error instanceof NeurodexError) return error;
    throw error;
  }
  return expect.unreachable('it was taken');
}

describe('a checkpoint of PyTorch', () => {
  it('holds the tensors that PyTorch says, in its order', () => {
    const tensors = readCheckpoint(small, 'small.pth');
    expect([...tensors.keys()]).toEqual(Object.keys(expected));
    for (const [name, { dtype, shape, data }] of tensors) {
      const values = [...data].map((value) => (typeof value === 'bigint' ? String(value) : value));
      expect({ dtype, shape, values }, name).toEqual(expected[name]);
    }
  });

  it('may begin anywhere in a buffer', () => {
    const shifted = new Uint8Array(small.length + 3);
    shifted.set(small, 3);
    expect(readCheckpoint(shifted.subarray(3), 'w.pth')).toEqual(readCheckpoint(small, 'w.pth'));
  });

  it.each([
    ['zip.pth', 'it is in the zip format of PyTorch 1.6 and later'],
    ['nested.pth', 'it holds more than tensors with names'],
    ['half.pth', 'it names torch.HalfStorage, which is not read'],
    ['expanded.pth', 'its tensor a is larger than its storage'],
    ['spy.pth', 'it names posix.system, which is not read'],
    ['README.md', 'the pickle opcode 0x23 is not read'],
  ])('%s is refused', (name, what) => {
    const error = refusal(fixture(name));
    expect(error.code).toBe('encoder-unusable');
    expect(error.message).toBe(`the encoder w.pth is not a PyTorch checkpoint that is read: ${what}`);
    expect(error.hint).toContain('state_dict');
    expect(existsSync('/tmp/neurodex-was-here')).toBe(false);
  });

  it('that is cut off anywhere is refused', () => {
    for (let length = 0; length < small.length; length++)
      expect(refusal(small.subarray(0, length)).code).toBe('encoder-unusable');
  });
});

describe('damaged bytes', () => {
  /** Reads, or refuses by a NeurodexError; anything else fails the test. */
  function readOrRefuse(bytes: Uint8Array): void {
    try {
      const tensors = readCheckpoint(bytes, 'w.pth');
      const elements = [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
      expect(elements).toBeLessThanOrEqual(bytes.length);
    } catch (error) {
      expect(error).toBeInstanceOf(NeurodexError);
    }
  }

  it('are read or refused, whichever byte they are in', () => {
    for (let at = 0; at < small.length; at++) {
      for (const value of [0, 0xff]) {
        const bytes = small.slice();
        bytes[at] = value;
        readOrRefuse(bytes);
      }
    }
  });

  it('are read or refused where several are changed, dropped or repeated', () => {
    const edit = fc.record({ at: fc.nat(small.length - 1), drop: fc.nat(8), insert: fc.uint8Array({ maxLength: 8 }) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let bytes = [...small];
        for (const { at, drop, insert } of edits) bytes = [...bytes.slice(0, at), ...insert, ...bytes.slice(at + drop)];
        readOrRefuse(Uint8Array.from(bytes));
      }),
      { numRuns: 500 },
    );
  });
});
