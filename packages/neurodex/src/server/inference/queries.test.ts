import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../api/problems.ts';
import { MOST_QUERIES, queriesOf } from './queries.ts';
import type { InputTensor } from './request.ts';

const tensor = (more: Partial<InputTensor>): InputTensor => ({
  name: 'text',
  datatype: 'BYTES',
  shape: [Array.isArray(more.data) ? more.data.length : 1],
  parameters: {},
  data: [],
  ...more,
});
const read = (...inputs: readonly Partial<InputTensor>[]) => queriesOf({ inputs: inputs.map(tensor) }, MOST_QUERIES);
const refusal = (...inputs: readonly Partial<InputTensor>[]) => {
  try {
    read(...inputs);
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    return error as ApiError;
  }
  throw new Error('it is read');
};
const prefixed = (...elements: readonly Uint8Array[]): Buffer =>
  Buffer.concat(elements.flatMap((element) => [Buffer.from(Uint32Array.of(element.length).buffer), element]));

describe('the queries of a request', () => {
  it('are picture files, as bytes or as base64', () =>
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { minLength: 1, maxLength: 9 }), (files) => {
        const bytes = files.map((file) => ({ bytes: [...file] }));
        const plain = ({ sent, ...rest }: ReturnType<typeof read>) => ({
          ...rest,
          sent: sent.map((query) => ('bytes' in query ? { bytes: [...query.bytes] } : query)),
        });
        const asBytes = read({ name: 'image', shape: [files.length], data: prefixed(...files) });
        expect(plain(asBytes)).toEqual({ input: 'image', copied: 0, sent: bytes });
        // btoa is another one's base64.
        const asText = read({ name: 'image', data: files.map((file) => btoa(String.fromCharCode(...file))) });
        const copied = files.reduce((sum, { length }) => sum + length, 0);
        expect(plain(asText)).toEqual({ input: 'image', copied, sent: bytes });
      }),
    ));

  it('are texts, as UTF-8 or as strings', () =>
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 9 }), (texts) => {
        const sent = texts.map((text) => ({ text }));
        expect(read({ data: texts })).toEqual({ input: 'text', copied: 0, sent });
        const bytes = prefixed(...texts.map((text) => new TextEncoder().encode(text)));
        expect(read({ shape: [texts.length], data: bytes })).toEqual({ input: 'text', copied: 0, sent });
      }),
    ));

  it.each([
    'A',
    'AA',
    'AAA',
    'AA=A',
    'AA==AA==',
    'A A=',
    'AAA\n',
    'AAé=',
    '=AAA',
    '====',
    'data:image/png;base64,AAAA',
  ])('are no picture file where %j is base64', (text) =>
    expect(refusal({ name: 'image', data: ['AAAA', text] })).toMatchObject({
      code: 'body-malformed',
      message: 'image[1] is no base64',
    }),
  );

  it('are no text where the bytes are no UTF-8', () =>
    expect(refusal({ shape: [2], data: prefixed(Buffer.from('a'), Uint8Array.of(0xff)) })).toMatchObject({
      code: 'text-invalid',
      message: 'text[1] is no UTF-8',
    }));

  it.each([
    [[], 'query-empty', 'the request has no inputs'],
    [[{ name: 'texts', data: ['a'] }], 'parameter-invalid', 'there is no input "texts" here'],
    [[{ data: ['a'] }, { name: 'image', data: ['AAAA'] }], 'body-malformed', 'the request has 2 inputs'],
    [[{ data: ['a'] }, { data: ['a'] }], 'body-malformed', 'the request has 2 inputs'],
    [[{ data: ['a'] }, { name: 'k', data: [1] }], 'parameter-invalid', 'there is no input "k" here'],
    [[{ datatype: 'FP32', data: [1] }], 'body-malformed', 'text is FP32'],
    [[{ shape: [1, 1], data: ['a'] }], 'body-malformed', 'text has the shape [1, 1]'],
    [[{ shape: [], data: ['a'] }], 'body-malformed', 'text has the shape []'],
    [[{ data: [] }], 'query-empty', 'text has no elements'],
    [[{ shape: [2], data: ['a'] }], 'body-malformed', 'text has 1 elements, and its shape says 2'],
    [[{ data: ['a', 1] }], 'body-malformed', 'text[1] is no string'],
    [[{ data: [['a']] }], 'body-malformed', 'text[0] is no string'],
    [[{ data: Uint8Array.of(9, 0, 0, 0) }], 'body-malformed', 'text: its bytes end within element 0'],
    [[{ shape: [65], data: ['a'] }], 'body-too-large', 'the request has 65 queries, and the limit is 64'],
    [
      [{ data: ['a'], parameters: { binary_size: 1 } }],
      'parameter-invalid',
      'there is no parameter of text "binary_size" here',
    ],
  ] as const)('%j are refused: %s', (inputs, code, message) => {
    const told = refusal(...inputs);
    expect(told.code).toBe(code);
    expect(told.message).toContain(message);
    expect(told.hint).toMatch(/./);
  });

  it('may say what their elements are, as MLServer has it', () =>
    expect(read({ data: ['a'], parameters: { content_type: 'str' } }).sent).toEqual([{ text: 'a' }]));
});
