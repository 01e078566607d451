import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '@neurodex/core/random';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inferenceError, inferenceResponse, modelMetadata } from '../api/inference-schemas.ts';
import { type SearchResponse, searchResponse } from '../api/schemas.ts';
import { type RawAnswer, send } from '../raw-http.fixture.ts';
import { circle, heldRanker, makeIndex, serveForTest } from '../served.fixture.ts';
import type { Serving } from '../start-server.ts';
import { base64, infer, inferByBytes, inferByJson, tensorsOf } from './inference.fixture.ts';

/** Searches by the Open Inference Protocol, judged by what POST /v1/search answers to the same queries. */

const LOWEST = -3.4028234663852886e38;
const SYSTEMS = ['dsi', 'pixels'] as const;

let root = '';
let server: Serving;
const faults: string[] = [];
let pictures: Buffer[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-inference-'));
  const calibrated = await makeIndex(root, 'calibrated', { systems: SYSTEMS, written: true, each: 40 });
  const few = await makeIndex(root, 'few', { systems: ['pixels'] });
  server = await serveForTest([calibrated, few], { faults, limits: { bodyBytes: 200_000, queue: 20 } });
  pictures = await Promise.all([3, 17, 44].map((i) => circle(i, i)));
}, 120_000);
afterAll(async () => {
  await server?.stop();
  await rm(root, { recursive: true, force: true });
});

async function search(query: { readonly body: Uint8Array | string; readonly type: string }, parameters: string) {
  const { body } = await send(server.address, {
    path: `/v1/search?index=calibrated&${parameters}`,
    headers: { 'content-type': query.type },
    body: query.body,
  });
  const { results } = searchResponse.parse(JSON.parse(body.toString()));
  if (results[0] === undefined) throw new Error('nobody answered');
  return results[0];
}
const searchPicture = (picture: Uint8Array, parameters: string) =>
  search({ body: picture, type: 'image/png' }, parameters);
const searchText = (text: string, parameters: string) =>
  search({ body: JSON.stringify({ text }), type: 'application/json' }, parameters);

type Result = SearchResponse['results'][number];

/** The tensors that have the answers of /v1/search in them. */
function expected(results: readonly Result[], k: number) {
  const rows = <Value>(value: (answer: Result['answers'][number]) => Value, padding: Value): Value[] =>
    results.flatMap(({ answers }) => [...answers.map(value), ...Array<Value>(k - answers.length).fill(padding)]);
  const [B, BK] = [[results.length], [results.length, k]];
  const unknown = (value: number | null): number => (value === null ? -1 : Math.fround(value));
  return {
    pictures: { datatype: 'BYTES', shape: BK, data: rows(({ picture }) => picture.id, '') },
    names: { datatype: 'BYTES', shape: BK, data: rows(({ picture }) => picture.name, '') },
    identifiers: { datatype: 'BYTES', shape: BK, data: rows(({ picture }) => picture.identifier ?? '', '') },
    scores: { datatype: 'FP32', shape: BK, data: rows(({ score }) => Math.fround(score), LOWEST) },
    relevance: { datatype: 'FP32', shape: BK, data: rows(({ relevance }) => unknown(relevance), -1) },
    counts: { datatype: 'INT32', shape: B, data: results.map(({ answers }) => answers.length) },
    none: { datatype: 'FP32', shape: B, data: results.map(({ none }) => unknown(none)) },
    nothing_found: { datatype: 'BOOL', shape: B, data: results.map(({ nothingFound }) => nothingFound) },
  };
}

const FLOATS = ['scores', 'relevance', 'none'] as const;

/** Float32 of queries that went through a network together differ in their last bits from those that went alone. */
function expectTensors(answer: RawAnswer, wanted: ReturnType<typeof expected>): void {
  expect(answer.status, answer.body.toString().slice(0, 300)).toBe(200);
  const tensors = tensorsOf(answer);
  expect(Object.keys(tensors)).toEqual(Object.keys(wanted));
  const blank = (all: Readonly<Record<string, object>>) => ({
    ...all,
    ...Object.fromEntries(FLOATS.map((name) => [name, { ...all[name], data: [] }])),
  });
  expect(blank(tensors)).toEqual(blank(wanted));
  for (const name of FLOATS) {
    const data = tensors[name]?.data ?? [];
    expect(data).toHaveLength(wanted[name].data.length);
    for (const [i, value] of wanted[name].data.entries())
      expect(Math.abs(Number(data[i]) - value) <= 1e-4 * Math.max(1, Math.abs(value)), `${name} ${i}`).toBe(true);
  }
}

const ask = (request: Parameters<typeof infer>[2], model = 'calibrated') => infer(server.address, model, request);
const errorOf = ({ body, headers, status }: RawAnswer): string => {
  expect(status).toBeGreaterThanOrEqual(400);
  expect(headers['content-type']).toBe('application/json');
  return inferenceError.strict().parse(JSON.parse(body.toString())).error;
};
const underWay = async (): Promise<string[]> => {
  const { body } = await send(server.address, { path: '/metrics' });
  return body.toString().match(/^neurodex_(searches_under_way|body_bytes) \d+$/gm) ?? [];
};

describe('an inference', () => {
  it.each(SYSTEMS)('of pictures by %s gives what searches give, as JSON and as bytes', async (system) => {
    const results = await Promise.all(pictures.map((picture) => searchPicture(picture, `system=${system}&k=7`)));
    expect(results.some(({ none }) => none !== null)).toBe(true);
    const parameters = { k: 7, system };
    expectTensors(await ask(inferByJson('image', pictures.map(base64), { parameters })), expected(results, 7));
    expectTensors(await ask(inferByBytes('image', pictures, { parameters })), expected(results, 7));
    const binary = await ask(
      inferByBytes('image', pictures, { parameters: { ...parameters, binary_data_output: true } }),
    );
    expect(binary.headers['content-type']).toBe('application/octet-stream');
    expectTensors(binary, expected(results, 7));
  });

  it('of texts gives what searches give', async () => {
    const texts = ['class 1', 'Straße  voller\tKreise', '红色'];
    const results = await Promise.all(texts.map((text) => searchText(text, 'system=dsi&k=10')));
    expectTensors(await ask(inferByJson('text', texts)), expected(results, 10));
    expectTensors(
      await ask(
        inferByBytes(
          'text',
          texts.map((text) => Buffer.from(text)),
        ),
      ),
      expected(results, 10),
    );
    const words = await Promise.all(texts.map((text) => searchText(text, 'system=bm25&k=3')));
    const byWords = await ask(inferByJson('text', texts, { parameters: { system: 'bm25', k: 3 } }));
    expectTensors(byWords, expected(words, 3));
  });

  it('pads what is left by min_relevance, and what a catalogue is too small for', async () => {
    const results = await Promise.all(
      pictures.map((picture) => searchPicture(picture, 'system=dsi&k=9&minRelevance=0.5')),
    );
    const counts = results.map(({ answers }) => answers.length);
    expect(Math.min(...counts)).toBeLessThan(9);
    const parameters = { k: 9, min_relevance: 0.5 };
    expectTensors(await ask(inferByBytes('image', pictures, { parameters })), expected(results, 9));
    const all = await ask(inferByJson('image', [base64(pictures[0] as Buffer)], { parameters: { k: 1000 } }), 'few');
    const tensors = tensorsOf(all);
    expect(tensors.scores?.shape).toEqual([1, 1000]);
    const [count] = tensors.counts?.data ?? [];
    expect(tensors.pictures?.data.filter((id) => id !== '')).toHaveLength(Number(count));
    expect(tensors.scores?.data.slice(Number(count))).toEqual(Array(1000 - Number(count)).fill(LOWEST));
  });

  it('gives the outputs that are wanted, each as it is wanted, and says what it was', async () => {
    const outputs = [
      { name: 'scores', parameters: { binary_data: true } },
      { name: 'pictures' },
      { name: 'counts', parameters: { binary_data: true } },
    ];
    const answer = await ask(inferByJson('text', ['class 1'], { id: 'a ü', outputs, parameters: { k: 2 } }));
    const length = Number(answer.headers['inference-header-content-length']);
    const json = inferenceResponse.parse(JSON.parse(answer.body.subarray(0, length).toString()));
    const { versions } = modelMetadata.parse(
      JSON.parse((await send(server.address, { path: '/v2/models/calibrated' })).body.toString()),
    );
    expect(json).toMatchObject({
      model_name: 'calibrated',
      model_version: versions[0],
      id: 'a ü',
      parameters: { system: 'dsi' },
    });
    expect(json.outputs.map(({ name, parameters, data }) => [name, parameters, data?.length])).toEqual([
      ['scores', { binary_data_size: 8 }, undefined],
      ['pictures', undefined, 2],
      ['counts', { binary_data_size: 4 }, undefined],
    ]);
    // What one output says goes before what all of them are said to be.
    const plain = await ask(
      inferByJson('text', ['class 1'], {
        outputs: [{ name: 'counts', parameters: { binary_data: false } }],
        parameters: { binary_data_output: true },
      }),
    );
    expect(plain.headers['inference-header-content-length']).toBeUndefined();
    expect(JSON.parse(plain.body.toString()).outputs).toEqual([
      { name: 'counts', datatype: 'INT32', shape: [1], data: [10] },
    ]);
  });

  it('is described by the metadata of its model', async () => {
    const metadataOf = async (id: string) =>
      modelMetadata.parse(JSON.parse((await send(server.address, { path: `/v2/models/${id}` })).body.toString()));
    const { inputs, outputs } = await metadataOf('calibrated');
    expect(inputs.map(({ name }) => name)).toEqual(['image', 'text']);
    const tensors = tensorsOf(await ask(inferByJson('text', ['class 1'])));
    expect(outputs.map(({ name }) => name)).toEqual(Object.keys(tensors));
    for (const { name, datatype, shape } of outputs) {
      expect(tensors[name]?.datatype).toBe(datatype);
      expect(tensors[name]?.shape).toHaveLength(shape.length);
    }
  });
});

describe('queries of one request', () => {
  it('go through a system together, and take a place each', async () => {
    const held = heldRanker();
    const at = await serveForTest([join(root, 'few')], { ranker: held.make, limits: { queue: 5, batchWindow: 5000 } });
    const images = Array.from({ length: 4 }, () => base64(pictures[0] as Buffer));
    held.hold();
    const first = infer(at.address, 'few', inferByJson('image', images));
    while (held.held().length === 0) await pause(5);
    expect(held.held()).toEqual([4]);
    // Of five places one is left.
    const second = await infer(at.address, 'few', inferByJson('image', images.slice(2)));
    expect([second.status, second.headers['retry-after'], errorOf(second)]).toEqual([
      503,
      '1',
      expect.stringMatching(/^busy: /),
    ]);
    const third = infer(at.address, 'few', inferByJson('image', images.slice(3)));
    while (held.held().length < 2) await pause(5);
    held.release();
    expect([(await first).status, (await third).status]).toEqual([200, 200]);
    const { body } = await send(at.address, { path: '/metrics' });
    expect(body.toString()).toMatch(/^neurodex_searches_under_way 0$/m);
    expect(body.toString()).toMatch(/^neurodex_body_bytes 0$/m);
    expect(body.toString()).toMatch(/^neurodex_http_requests_total\{route="infer",method="POST",status="503"\} 1$/m);
    const many = await infer(at.address, 'few', inferByJson('image', [...images, ...images]));
    expect([many.status, errorOf(many)]).toEqual([413, expect.stringContaining('the limit is 5')]);
    await at.stop();
  });

  it('count with their decoded bytes, too', async () => {
    const picture = pictures[0] as Buffer;
    const request = inferByJson('image', [base64(picture)]);
    const size = Buffer.byteLength(request.body as string);
    const limits = { bodyBytes: size, allBodyBytes: size + picture.length - 1 };
    const at = await serveForTest([join(root, 'few')], { limits });
    expect(errorOf(await infer(at.address, 'few', request))).toMatch(/^busy: /);
    const { body } = await send(at.address, { path: '/metrics' });
    expect(body.toString()).toMatch(/^neurodex_body_bytes 0$/m);
    await at.stop();
    const roomy = await serveForTest([join(root, 'few')], {
      limits: { ...limits, allBodyBytes: size + picture.length },
    });
    expect((await infer(roomy.address, 'few', request)).status).toBe(200);
    await roomy.stop();
  });

  it('are refused together, by what is wrong with one of them', async () => {
    const images = [pictures[0] as Buffer, Buffer.from('no picture'), pictures[1] as Buffer];
    const answer = await ask(inferByBytes('image', images));
    expect([answer.status, errorOf(answer)]).toEqual([
      400,
      expect.stringMatching(/^picture-not-an-image: image\[1\]: .*JPEG, PNG/),
    ]);
    expect(errorOf(await ask(inferByBytes('image', [Buffer.from('no picture')])))).toMatch(
      /^picture-not-an-image: the picture/,
    );
    expect(errorOf(await ask(inferByJson('text', ['a', ' '])))).toMatch(/^text-empty: text\[1\]: .*white space/);
    expect(await underWay()).toEqual(['neurodex_searches_under_way 0', 'neurodex_body_bytes 0']);
  });
});

describe('a request that is refused', () => {
  it.each([
    ['nothing', {}, 'body-malformed'],
    ['k that is none', { parameters: { k: 0 } }, 'parameter-invalid'],
    ['too large a k', { parameters: { k: 1001 } }, 'parameter-invalid'],
    ['k as text', { parameters: { k: '3' } }, 'parameter-invalid'],
    ['a parameter that there is not', { parameters: { minRelevance: 0.5 } }, 'parameter-invalid'],
    ['a sequence', { parameters: { sequence_id: 1 } }, 'parameter-invalid'],
    ['a system that there is not', { parameters: { system: 'faiss' } }, 'parameter-invalid'],
    ['a system that the index does not have', { parameters: { system: 'bovw' } }, 'parameter-invalid'],
    ['a system that takes no text', { parameters: { system: 'pixels' } }, 'query-unsupported'],
    [
      'min_relevance of a system without it',
      { parameters: { system: 'bm25', min_relevance: 0.1 } },
      'parameter-invalid',
    ],
    ['an output that there is not', { outputs: [{ name: 'labels' }] }, 'parameter-invalid'],
    ['classes of an output', { outputs: [{ name: 'scores', parameters: { classification: 3 } }] }, 'parameter-invalid'],
    ['bytes that may be', { outputs: [{ name: 'scores', parameters: { binary_data: 1 } }] }, 'parameter-invalid'],
    ['bytes of all that may be', { parameters: { binary_data_output: 'yes' } }, 'parameter-invalid'],
  ])('has %s', async (_, wanted, code) => {
    const request = code === 'body-malformed' ? { body: '' } : inferByJson('text', ['class 1'], wanted);
    const answer = await ask(request);
    expect([answer.status, errorOf(answer)]).toEqual([400, expect.stringMatching(new RegExp(`^${code}: .*\\)$`))]);
  });

  it('asks for text where no system reads', async () => {
    expect(errorOf(await ask(inferByJson('text', ['class 1'], { parameters: { system: 'pixels' } }), 'few'))).toMatch(
      /^query-unsupported: pixels takes no text/,
    );
  });

  it.each([
    [{ 'content-encoding': 'gzip' }, 415, 'type-unsupported'],
    [{ 'Inference-Header-Content-Length': '0' }, 400, 'body-malformed'],
    [{ 'Inference-Header-Content-Length': '-1' }, 400, 'body-malformed'],
    [{ 'Inference-Header-Content-Length': '1e2' }, 400, 'body-malformed'],
    [{ 'Inference-Header-Content-Length': ['10', '10'] }, 400, 'body-malformed'],
    [{ 'Inference-Header-Content-Length': '100000' }, 400, 'body-malformed'],
    [{ 'Inference-Header-Content-Length': '5' }, 400, 'body-malformed'],
  ])('has the header %j', async (headers, status, code) => {
    const answer = await ask({ ...inferByJson('text', ['class 1']), headers });
    expect([answer.status, errorOf(answer)]).toEqual([status, expect.stringMatching(new RegExp(`^${code}: `))]);
  });

  it('may come without a Content-Type, as Triton’s client sends it, and with any', async () => {
    for (const headers of [{}, { 'content-type': 'text/plain' }, { 'content-encoding': 'identity' }])
      expect((await ask({ ...inferByJson('text', ['class 1']), headers })).status).toBe(200);
  });

  it('takes longer than it may', async () => {
    const answer = await ask(inferByJson('text', ['class 1'], { parameters: { timeout: 1 } }));
    expect([answer.status, errorOf(answer)]).toEqual([503, expect.stringMatching(/^too-slow: /)]);
    for (const timeout of [0, 30_000_000])
      expect((await ask(inferByJson('text', ['class 1'], { parameters: { timeout, priority: 2 } }))).status).toBe(200);
  });

  it('is for a version that is not served', async () => {
    const { body } = await send(server.address, { path: '/v2/models/few' });
    const [version = ''] = modelMetadata.parse(JSON.parse(body.toString())).versions;
    const request = inferByJson('image', [base64(pictures[0] as Buffer)]);
    expect((await ask(request, `few/versions/${version}`)).status).toBe(200);
    const other = await ask(request, 'few/versions/1');
    expect([other.status, errorOf(other)]).toEqual([404, expect.stringContaining(version)]);
  });

  it.each(['/v2/models/few/config', '/v2/repository/index', '/v2/models/few/versions', '/v2x', '/v2/%ff'])(
    'is for %s, in the form of its protocol where it is one of its addresses',
    async (path) => {
      const { status, body } = await send(server.address, { path, body: '{}' });
      expect(status).toBeGreaterThanOrEqual(400);
      const told = JSON.parse(body.toString());
      expect('error' in told).toBe(/^\/v2\/[a-z]/.test(path));
    },
  );
});

it('answers hundreds of damaged requests, and keeps nothing of them', async () => {
  const random = Random.stream(7, 'inference');
  const requests = [
    inferByBytes('image', pictures.slice(0, 2), { parameters: { k: 2 } }),
    inferByBytes('text', [Buffer.from('class 1'), Buffer.from('red')], { outputs: [{ name: 'counts' }] }),
    inferByJson('image', [base64(pictures[0] as Buffer)]),
    inferByJson('text', ['class 1'], { parameters: { k: 3, system: 'bm25' } }),
  ];
  const statuses = new Map<number, number>();
  const one = async (): Promise<void> => {
    const { body = '', headers = {} } = random.pick(requests);
    const bytes = Buffer.from(body);
    const json = bytes.indexOf('}]');
    for (let n = random.integer(4); n > 0; n--) {
      // Where the JSON is as often as where the pictures are.
      const at = random.integer(random.integer(2) === 0 ? Math.min(bytes.length, json + 60) : bytes.length);
      bytes[at] = random.pick([0, 34, 48 + random.integer(10), 92, 123, random.integer(256)]);
    }
    const cut = random.integer(5) === 0 ? bytes.subarray(0, random.integer(bytes.length + 1)) : bytes;
    const answer = await ask({ body: cut, headers });
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (answer.status === 200) return;
    expect([400, 413], errorOf(answer)).toContain(answer.status);
    expect(errorOf(answer)).not.toMatch(/node_modules|\/work|\/tmp|\.ts:/);
  };
  const lane = async (): Promise<void> => {
    for (let i = 0; i < 150; i++) await one();
  };
  await Promise.all(Array.from({ length: 4 }, lane));
  expect(statuses.get(200)).toBeGreaterThan(50);
  expect(statuses.get(400)).toBeGreaterThan(100);
  // Of texts that are longer than the network reads it warns.
  expect(faults.filter((fault) => !/ tokens, and dsi reads/.test(fault))).toEqual([]);
  expect(await underWay()).toEqual(['neurodex_searches_under_way 0', 'neurodex_body_bytes 0']);
}, 60_000);
