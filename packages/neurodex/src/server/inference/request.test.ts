import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedRequest, readInferenceRequest } from './request.ts';

interface Given {
  readonly name: string;
  readonly bytes: Uint8Array | undefined;
  readonly data: readonly string[];
}

/** A request as clients write it: JSON, and the bytes of tensors in the order of the JSON. */
function written(inputs: readonly Given[], more: object = {}): { body: Buffer; header: number } {
  const json = Buffer.from(
    JSON.stringify({
      inputs: inputs.map(({ name, bytes, data }) => ({
        name,
        shape: [data.length],
        datatype: 'BYTES',
        ...(bytes === undefined ? { data } : { parameters: { binary_data_size: bytes.length } }),
      })),
      ...more,
    }),
  );
  return { body: Buffer.concat([json, ...inputs.flatMap(({ bytes }) => bytes ?? [])]), header: json.length };
}

const input: fc.Arbitrary<Given> = fc.record({
  name: fc.string({ unit: 'grapheme', maxLength: 20 }),
  bytes: fc.option(fc.uint8Array({ maxLength: 200 }), { nil: undefined }),
  data: fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }),
});
const inputs = fc.array(input, { maxLength: 5 });

const refusal = (body: Uint8Array | string, header?: number): string => {
  try {
    readInferenceRequest(Buffer.from(body), header);
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedRequest);
    return (error as Error).message;
  }
  return 'it is read';
};

describe('an inference request', () => {
  it('is read as it was written, every tensor with its own bytes', () =>
    fc.assert(
      fc.property(inputs, fc.option(fc.string(), { nil: undefined }), (given, id) => {
        const { body, header } = written(given, { id });
        const read = readInferenceRequest(body, header);
        expect(read.id).toBe(id);
        expect(read.inputs.map(({ name, shape, data }) => ({ name, shape, data: [...data] }))).toEqual(
          given.map(({ name, bytes, data }) => ({ name, shape: [data.length], data: [...(bytes ?? data)] })),
        );
        for (const { data } of read.inputs) if (data instanceof Uint8Array) expect(data.buffer).toBe(body.buffer);
      }),
    ));

  it('that lies about its sizes is refused, by a byte more or less', () =>
    fc.assert(
      fc.property(
        fc.array(input, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(-1, 1),
        fc.nat(),
        (given, off, which) => {
          const { body, header } = written(given);
          const isBinary = given.some(({ bytes }) => bytes !== undefined);
          // The body is cut or goes on; the JSON ends elsewhere; a tensor says another size.
          const other = off < 0 ? body.subarray(0, -1) : Buffer.concat([body, Buffer.alloc(1)]);
          expect(refusal(other, header)).not.toBe('it is read');
          expect(refusal(body, header + off)).not.toBe('it is read');
          if (isBinary) expect(refusal(body)).not.toBe('it is read');
          const liars = given.map((tensor, i) => ({ ...tensor, i })).filter(({ bytes }) => bytes !== undefined);
          const liar = liars[which % Math.max(1, liars.length)];
          if (liar === undefined) return;
          const lying = JSON.parse(body.subarray(0, header).toString());
          lying.inputs[liar.i].parameters.binary_data_size += off;
          const json = Buffer.from(JSON.stringify(lying));
          expect(refusal(Buffer.concat([json, body.subarray(header)]), json.length)).not.toBe('it is read');
        },
      ),
    ));

  it('of any bytes, and of damaged requests, is read or refused', () =>
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        inputs,
        fc.array(fc.tuple(fc.nat(500), fc.nat(255)), { maxLength: 6 }),
        fc.option(fc.nat(600), { nil: undefined }),
        (noise, given, changes, length) => {
          refusal(noise, length);
          const { body, header } = written(given);
          for (const [at, value] of changes) if (at < body.length) body[at] = value;
          for (const said of [header, length, undefined]) refusal(body, said);
        },
      ),
      { numRuns: 500 },
    ));

  it('of any JSON is read or refused', () =>
    fc.assert(
      fc.property(
        fc.record(
          { id: fc.jsonValue(), parameters: fc.jsonValue(), inputs: fc.jsonValue(), outputs: fc.jsonValue() },
          { requiredKeys: [] },
        ),
        (value) => void refusal(JSON.stringify(value)),
      ),
    ));

  const text = { name: 'text', shape: [1], datatype: 'BYTES' };
  it.each([
    ['', 'the body does not begin with valid JSON'],
    ['{"inputs":[]} x', 'the body does not begin with valid JSON'],
    ['\u0000', 'the body does not begin with valid JSON'],
    ['[]', 'expected object, received array'],
    ['{}', 'inputs'],
    [JSON.stringify({ inputs: [text] }), '"text" has neither data nor binary_data_size'],
    [
      JSON.stringify({ inputs: [{ ...text, data: ['a'], parameters: { binary_data_size: 1 } }] }),
      '"text" has both data and binary_data_size',
    ],
    [
      JSON.stringify({ inputs: [{ ...text, parameters: { binary_data_size: 0 } }] }),
      '"text" has binary_data_size, and the request does not say where the JSON ends',
    ],
    [JSON.stringify({ inputs: [{ ...text, shape: [-1], data: [] }] }), 'inputs[0].shape[0]'],
    [JSON.stringify({ inputs: [{ ...text, shape: [0.5], data: [] }] }), 'inputs[0].shape[0]'],
    [JSON.stringify({ inputs: [{ ...text, shape: '1', data: [] }] }), 'inputs[0].shape'],
    [JSON.stringify({ id: 3, inputs: [] }), 'id'],
    [JSON.stringify({ parameters: { k: [1] }, inputs: [] }), 'parameters'],
    [JSON.stringify({ outputs: ['scores'], inputs: [] }), 'outputs[0]'],
    [`{"inputs":[{"name":"text","data":[${'[],'.repeat(20_000)}[]]}]}`, 'the JSON has more than 20000 values'],
    ['['.repeat(1e6), 'the JSON has more than 20000 values'],
  ])('%.60j is refused in words', (body, message) => expect(refusal(body)).toContain(message));

  it.each([-1, 0.5, 2 ** 60, '3', true])('whose tensor has %j bytes is refused', (size) => {
    const json = JSON.stringify({ inputs: [{ ...text, parameters: { binary_data_size: size } }] });
    expect(refusal(`${json}abc`, json.length)).toBe('binary_data_size of "text" is no number of bytes');
  });

  it('whose JSON would end behind the body is refused', () =>
    expect(refusal('{"inputs":[]}', 14)).toBe('the JSON is said to have 14 bytes, and the body has 13'));

  it('may have null for what it leaves out, and members that are not known', () => {
    const given = {
      id: null,
      model_name: 'another',
      parameters: null,
      from_grpc: false,
      inputs: [{ ...text, parameters: null, data: ['a'], unit: 'px' }],
      outputs: null,
    };
    expect(readInferenceRequest(Buffer.from(JSON.stringify(given)), undefined)).toEqual({
      id: undefined,
      parameters: {},
      inputs: [{ ...text, parameters: {}, data: ['a'] }],
      outputs: undefined,
    });
    const none = { ...given, outputs: [] };
    expect(readInferenceRequest(Buffer.from(JSON.stringify(none)), undefined).outputs).toBeUndefined();
  });

  it('cannot reach prototypes by its parameters', () => {
    const body = `{"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","parameters":{"__proto__":{"binary_data_size":1}},"data":["a"]}]}`;
    // A parameter is a string, a number or a boolean; where this one is passed over, it sets nothing.
    expect(['it is read', expect.stringContaining('parameters')]).toContainEqual(refusal(body));
    expect(Object.hasOwn(Object.prototype, 'binary_data_size')).toBe(false);
  });
});
