import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader } from './byte-reader.ts';
import { Damaged } from './damaged.ts';
import { type PickleHooks, readPickle } from './pickle.ts';

const hooks: PickleHooks = {
  globals: new Set(['a B']),
  reduce: ({ name }, args) => [name, ...args],
  load: (id) => ({ id }),
};
const read = (bytes: readonly number[]) => readPickle(new ByteReader(Uint8Array.from(bytes)), hooks);
const bytes = (hex: string): number[] => [...Buffer.from(hex.replaceAll(' ', ''), 'hex')];
const text = (value: string): number[] => [...Buffer.from(value)];

describe('a pickle', () => {
  // Written by pickle.dumps(value, protocol=2) of Python 3.11.
  it.each([
    ['[1, 2.5, None]', '80025d7100284b01474004000000000000 4e652e', [1, 2.5, null]],
    ['(1, -2, 70000)', '80024b014afeffffff4a70110100877100 2e', [1, -2, 70_000]],
    [
      "{'a': True, 'é': (False,)}",
      '80027d7100285801000000617101885802000000c3a9710289857103752e',
      new Map<string, unknown>([
        ['a', true],
        ['é', [false]],
      ]),
    ],
    ['2 ** 70', '80028a09000000000000000040 2e', 2n ** 70n],
    ['-(2 ** 40)', '80028a0600000000 00ff2e', -(2 ** 40)],
  ])('of %s', (_, hex, value) => {
    expect(read(bytes(hex))).toEqual(value);
  });

  it('calls nothing: names, arguments and ids go to its owner', () => {
    expect(read([...bytes('8002'), ...text('ca\nB\n'), ...bytes('4b0785 52 2e')])).toEqual(['a B', 7]);
    expect(read(bytes('8002 4b05 51 2e'))).toEqual({ id: 5 });
  });

  it.each([
    ['a class that is not listed', [...bytes('8002'), ...text('cos\nsystem\n'), ...bytes('292e52')], 'os.system'],
    ['a call of what is no class', bytes('80024b0129522e'), 'not one of a named class'],
    ['an opcode that is not read', bytes('8002 92 2e'), '0x92'],
    ['another protocol', bytes('8001 4e 2e'), 'protocol 1'],
    ['an end before a value', bytes('80022e'), 'nothing to work on'],
    ['a tuple without a mark', bytes('8002742e'), 'no beginning'],
    ['a mark that is taken for a value', bytes('800228852e'), 'nothing to work on'],
    ['a value that was not kept', bytes('800268092e'), 'not kept'],
    ['items for a number', bytes('80024b0128 4e 652e'), 'no list'],
    ['keys without values', bytes('80027d284e752e'), 'no dictionary'],
    ['a text beyond the end', bytes('8002 58 ffffff7f 61'), 'cut off'],
    ['a text that is not UTF-8', bytes('8002 58 01000000 ff 2e'), 'UTF-8'],
    ['a name without an end', [...bytes('8002'), ...text(`c${'a'.repeat(2000)}\n`)], 'does not end'],
  ])('%s is damaged', (_, given, what) => {
    expect(() => read(given)).toThrow(Damaged);
    expect(() => read(given)).toThrow(what);
  });

  it('of any bytes is read or damaged', () => {
    const opcodes = fc.constantFrom(
      ...bytes('28 4e 88 89 4b 4d 4a 8a 47 58 8c 7d 73 75 5d 61 65 29 85 86 87 74 71 72 68 6a 63 52 62 51 2e'),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 4, arbitrary: opcodes }, fc.nat(255)), { maxLength: 60 }), (body) => {
        try {
          read([0x80, 2, ...body]);
        } catch (error) {
          expect(error).toBeInstanceOf(Damaged);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
