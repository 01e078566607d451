import { describe, expect, it } from 'vitest';
import { inferenceStatus, isInferenceAddress } from '../api/inference-errors.ts';
import { PROBLEMS } from '../api/problems.ts';
import type { SearchResponse } from '../api/schemas.ts';
import { LOWEST, OUTPUT_NAMES, outputMetadata, outputTensor } from './outputs.ts';
import { inferenceReply } from './response.ts';

type Result = SearchResponse['results'][number];

const answer = (number: number, score: number, relevance: number | null): Result['answers'][number] => ({
  rank: number + 1,
  picture: {
    id: `photos.${number}`,
    name: `${number}.png`,
    labels: [],
    role: 'catalogue',
    identifier: number === 0 ? null : `${number} 7`,
    image: '',
    thumbnail: '',
  },
  score,
  relevant: null,
  relevance,
});
const result = (answers: Result['answers'], more: Partial<Result> = {}): Result => ({
  system: 'dsi',
  seconds: 0,
  none: null,
  nothingFound: false,
  answers,
  ...more,
});
const results = [
  result([answer(0, 0.1, 0.75), answer(1, -Infinity, null)]),
  result([], { none: 0.5, nothingFound: true }),
];

describe('the outputs of a model', () => {
  it('are padded to the answers that were asked for', () => {
    const data = Object.fromEntries(OUTPUT_NAMES.map((name) => [name, outputTensor(name, results, 3).data]));
    expect(data).toEqual({
      pictures: ['photos.0', 'photos.1', '', '', '', ''],
      names: ['0.png', '1.png', '', '', '', ''],
      identifiers: ['', '1 7', '', '', '', ''],
      scores: [Math.fround(0.1), LOWEST, LOWEST, LOWEST, LOWEST, LOWEST],
      relevance: [0.75, -1, -1, -1, -1, -1],
      counts: [2, 0],
      none: [-1, 0.5],
      nothing_found: [false, true],
    });
    // FLT_MAX of C, which float32 holds exactly.
    expect(LOWEST).toBe(-3.4028234663852886e38);
    expect(Math.fround(LOWEST)).toBe(LOWEST);
  });

  it('have the shapes that the metadata says', () => {
    for (const { name, datatype, shape } of outputMetadata()) {
      const tensor = outputTensor(name as (typeof OUTPUT_NAMES)[number], results, 3);
      expect([tensor.datatype, tensor.shape]).toEqual([datatype, shape.length === 2 ? [2, 3] : [2]]);
      expect(tensor.data).toHaveLength(tensor.shape.reduce((product, size) => product * size, 1));
    }
  });

  it('are sent in their order, those that are wanted as bytes behind the JSON', () => {
    const response = { model_name: 'photos', model_version: 'v', parameters: {} };
    const counts = { ...outputTensor('counts', results, 3), binary: true };
    const none = { ...outputTensor('none', results, 3), binary: false };
    const found = { ...outputTensor('nothing_found', results, 3), binary: true };
    const reply = inferenceReply(response, [found, none, counts]);
    if (!('body' in reply)) throw new Error('it has no bytes');
    const length = Number(reply.headers['inference-header-content-length']);
    expect(JSON.parse(Buffer.from(reply.body).subarray(0, length).toString())).toEqual({
      ...response,
      outputs: [
        { name: 'nothing_found', datatype: 'BOOL', shape: [2], parameters: { binary_data_size: 2 } },
        { name: 'none', datatype: 'FP32', shape: [2], data: [-1, 0.5] },
        { name: 'counts', datatype: 'INT32', shape: [2], parameters: { binary_data_size: 8 } },
      ],
    });
    expect([...reply.body.subarray(length)]).toEqual([0, 1, 2, 0, 0, 0, 0, 0, 0, 0]);
    expect(inferenceReply(response, [none])).toEqual({
      status: 200,
      json: { ...response, outputs: [{ name: 'none', datatype: 'FP32', shape: [2], data: [-1, 0.5] }] },
    });
  });
});

describe('the statuses of the protocol', () => {
  it('are those of Triton for what is wrong in a request', () => {
    const statuses = new Set(Object.keys(PROBLEMS).map((code) => inferenceStatus(code as keyof typeof PROBLEMS)));
    expect([...statuses].sort((a, b) => a - b)).toEqual([
      400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 421, 423, 431, 500, 503, 507,
    ]);
  });

  it.each([
    ['/v2', true],
    ['/v2/', true],
    ['/v2?x', true],
    ['/v2/models/x/infer', true],
    ['/v22', false],
    ['/v1/v2', false],
    ['/', false],
  ])('are of the address %s: %s', (url, expected) => expect(isInferenceAddress(url)).toBe(expected));
});
