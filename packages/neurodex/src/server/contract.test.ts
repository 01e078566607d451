import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SMALL_WRITE } from '../jobs/written-indexes.fixture.ts';
import { ROUTER_KEY } from '../shards/records.ts';
import { encodeStates } from '../shards/shard-protocol.ts';
import { Admission } from './admission.ts';
import { openApiDocument } from './api/openapi.ts';
import { PATHS, type RouteName } from './api/paths.ts';
import { ApiError, type ProblemCode } from './api/problems.ts';
import type { MeasuredReport } from './api/schemas.ts';
import { createApp } from './app.ts';
import type { ChangeDesk } from './index-changes.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { Metrics } from './metrics.ts';
import { parseAnswer, type RawAnswer, type RawRequest, send, sendBytes } from './raw-http.fixture.ts';
import { circle, type HeldRanker, heldRanker, makeIndex, serveForTest } from './served.fixture.ts';
import { ServedPlace } from './served-place.fixture.ts';
import type { Serving } from './start-server.ts';

/** Every route and every answer that the document has for it, each got from a server and held against the document. */

interface Documented {
  readonly content?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, unknown>>;
}

const document = JSON.parse(JSON.stringify(openApiDocument()));
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(document, 'api');
const pointer = (...steps: string[]): string =>
  steps.map((step) => step.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');

const documented = (name: RouteName): Readonly<Record<string, Documented>> => {
  const { method, path } = PATHS[name];
  return document.paths[path][method.toLowerCase()].responses;
};

const REPORT: MeasuredReport = {
  status: 'measured',
  split: 'test',
  evaluation: {
    catalogue: 18,
    queries: 6,
    withoutRelevant: 0,
    protocol: 'full',
    systems: { dsi: { RR: 0.5 } },
    intervals: { dsi: { RR: [0.4, 0.6] } },
  },
  level: 0.05,
  tests: [],
  curves: { dsi: { precision: [1], recall: [{ k: 1, recall: 0.5 }] } },
  confusion: {},
  balance: [],
  learning: { loss: [], tokenAccuracy: [], validation: {}, phases: [], lastStep: 0 },
};

/** Seconds for which a server waits for what the tests hold back. */
const PATIENCE = 600;

let root = '';
let place: ServedPlace;
/** Of each shard, as the router has it. */
let records: { readonly record: object }[] = [];
let version = '';
let png: Buffer;
let small: Buffer;
let drawn: Buffer[] = [];
let held: HeldRanker;
/** Refuses as the name of the first picture says, or the number of the one that is to be removed. */
const refusingDesk: ChangeDesk = {
  async ask(_, request) {
    const codes = ['run-locked', 'run-locked', 'index-replaced', 'disk-full'] as const;
    const code = request.kind === 'add' ? request.pictures[0]?.name : codes[request.picture];
    throw new ApiError((code ?? 'internal') as ProblemCode, 'it cannot be done', { retryAfter: 5 });
  },
  close: async () => {},
};
type WholeServer = 'plain' | 'guarded' | 'faulty' | 'full' | 'hasty' | 'draining' | 'writable' | 'refusing' | 'narrow';
/** Of an index in shards: whole; of which objects are lost; that takes small bodies; that searches no shards. */
type ShardServer = 'sharded' | 'lost' | 'smallShards' | 'noShards';
type ServerName = WholeServer | ShardServer;
const servers: Record<ServerName, Serving> = {} as never;
const stops: Promise<void>[] = [];
let busy: Promise<RawAnswer>[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-contract-'));
  png = await circle(0, 1);
  small = await sharp({ create: { width: 40, height: 40, channels: 3, background: '#123' } })
    .png()
    .toBuffer();
  drawn = await Promise.all([13, 14, 15, 16].map((i) => circle(1, i)));
  const index = await makeIndex(root, 'shapes', { systems: ['dsi'] });
  const written = await makeIndex(root, 'written', { systems: ['dsi'], written: true });
  held = heldRanker();
  const instant = heldRanker();
  const hasty = heldRanker();
  const reports = {
    measured: { ask: async () => REPORT, close: async () => {} },
    failed: {
      ask: async () => ({ status: 'failed', code: 'report-failed', reason: 'it could not be measured' }) as const,
      close: async () => {},
    },
    impossible: {
      ask: async () => ({ status: 'failed', code: 'report-impossible', reason: 'there is no query' }) as const,
      close: async () => {},
    },
  };
  servers.plain = await serveForTest([index]);
  const { body: served } = await send(servers.plain.address, { path: '/v2/models/shapes' });
  [version] = JSON.parse(served.toString()).versions;
  servers.guarded = await serveForTest([index], { token: 'secret', ranker: instant.make, reports: reports.measured });
  servers.faulty = await serveForTest([index], {
    ranker: heldRanker(() => new TypeError('a fault, of which nobody is told')).make,
    reports: reports.failed,
  });
  servers.full = await serveForTest([index, written], {
    ranker: held.make,
    limits: { queue: 1, searchSeconds: PATIENCE },
    reports: reports.impossible,
    writeToken: 'write',
  });
  servers.hasty = await serveForTest([index], {
    ranker: hasty.make,
    limits: { requestSeconds: 1, searchSeconds: 0, bodyBytes: 1000, maxPixels: 100 },
  });
  servers.draining = await serveForTest([index, written], {
    ranker: held.make,
    writeToken: 'write',
    limits: { drainSeconds: PATIENCE, searchSeconds: PATIENCE },
  });
  servers.writable = await serveForTest([index, written], { writeToken: 'write', token: 'read', ranker: instant.make });
  servers.refusing = await serveForTest([index, written], {
    writeToken: 'write',
    ranker: instant.make,
    desk: refusingDesk,
  });
  servers.narrow = await serveForTest([written], {
    writeToken: 'write',
    ranker: instant.make,
    limits: { requestSeconds: 1, bodyBytes: 1000, maxPixels: 100 },
  });
  await serveShards(instant);
  held.hold();
  const search = { path: '/v1/search', headers: { 'content-type': 'image/png' }, body: png };
  busy = [send(servers.full.address, search), send(servers.draining.address, search)];
  while (held.held().length < 2) await pause(5);
  stops.push(servers.draining.stop());
}, 300_000);

async function serveShards({ make: ranker }: HeldRanker): Promise<void> {
  place = await ServedPlace.create();
  const { environment } = place;
  records = JSON.parse(await readFile(join(place.place, ROUTER_KEY), 'utf8')).shards;
  const lost = place.copy('lost');
  for (const { record } of records as { record: { sha256: string } }[]) await rm(join(lost, 'objects', record.sha256));
  const shards = { urls: [], timeout: 60 };
  servers.sharded = await serveForTest([place.place], { environment, shards });
  servers.lost = await serveForTest([lost], { environment, shards });
  servers.noShards = await serveForTest([place.place], { environment, ranker });
  const limits = { requestSeconds: 1, bodyBytes: 1000 };
  servers.smallShards = await serveForTest([place.place], { environment, ranker, limits });
}

afterAll(async () => {
  held.release();
  expect((await Promise.all(busy)).map(({ status }) => status)).toEqual([200, 200]);
  await Promise.all(stops);
  for (const [name, server] of Object.entries(servers)) if (name !== 'draining') await server.stop();
  await rm(root, { recursive: true, force: true });
  await place.remove();
});

interface Case extends RawRequest {
  readonly status: number;
  readonly code?: ProblemCode;
  readonly on?: keyof typeof servers;
}

const get = (path: string, status: number, more: Partial<Case> = {}): Case => ({ path, status, ...more });
const post = (body: Uint8Array | string, status: number, more: Partial<Case> = {}): Case => ({
  path: '/v1/search',
  status,
  body,
  headers: { 'content-type': 'image/png' },
  ...more,
});
const type = (contentType: string) => ({ headers: { 'content-type': contentType } });

/** What every GET route may answer. */
const common = (path: string): Case[] => [
  get(`${path}?kk=1`, 400, { code: 'parameter-invalid' }),
  get(path, 421, { code: 'host-refused', headers: { host: 'evil.example' } }),
  get(path, 403, { code: 'origin-refused', headers: { origin: 'null' } }),
];
const guarded = (path: string): Case[] => [...common(path), get(path, 401, { on: 'guarded', code: 'token-wrong' })];
const token = { headers: { authorization: 'Bearer secret' } };

const form = (parts: string, boundary = 'x'): Partial<Case> & { body: string } => ({
  body: parts,
  ...type(`multipart/form-data; boundary=${boundary}`),
});

const WRITTEN = '/v1/indexes/written/pictures';
const FORM = 'multipart/form-data; boundary=x';
const WRITE = { authorization: 'Bearer write', 'content-type': FORM };
const formOf = (name: string, content: Uint8Array | string): Buffer =>
  Buffer.concat([
    Buffer.from(`--x\r\nContent-Disposition: form-data; name="picture"; filename="${name}"\r\n\r\n`),
    Buffer.from(content),
    Buffer.from('\r\n--x--\r\n'),
  ]);
/** Pictures that the index does not have; the third has the name of the first. */
const fresh = (i: number): Buffer => formOf(i === 2 ? 'other.png' : 'fresh.png', drawn[i] ?? '');
const add = (body: Uint8Array | string, status: number, more: Partial<Case> = {}): Case => ({
  on: 'writable',
  path: WRITTEN,
  status,
  body,
  headers: WRITE,
  ...more,
});
const remove = (picture: string, status: number, more: Partial<Case> = {}): Case => ({
  on: 'writable',
  path: `${WRITTEN}/${picture}`,
  status,
  headers: { authorization: 'Bearer write' },
  ...more,
});

/** A state of the network of the shards. */
const UNIT = Float32Array.from({ length: SMALL_WRITE.model.width }, (_, i) => (i === 0 ? 1 : 0));
const JSON_TYPE = { 'content-type': 'application/json' };
const ofShard = (more: object | undefined): string =>
  JSON.stringify({ record: Object(records[0]).record, states: encodeStates(UNIT), k: 3, ...recordIn(more) });
const recordIn = (more: object | undefined): object =>
  more !== undefined && 'record' in more ? { record: more.record } : { ...more };
const SHARD = '/v1/indexes/photos/shards/0/search';
const shard = (status: number, more: Partial<Case> = {}): Case => ({
  on: 'sharded',
  path: SHARD,
  status,
  body: ofShard({}),
  headers: JSON_TYPE,
  ...more,
});

const INFER = '/v2/models/shapes/infer';
const infer = (input: string, data: string, more: object = {}): string =>
  JSON.stringify({ inputs: [{ name: input, shape: [1], datatype: 'BYTES', data: [data] }], ...more });
const asImage = (bytes: Uint8Array | string, more: object = {}): string =>
  infer('image', Buffer.from(bytes).toString('base64'), more);
const BINARY = { parameters: { binary_data_output: true } };
const model = (body: string | Uint8Array, status: number, more: Partial<Case> = {}): Case => ({
  path: INFER,
  status,
  body,
  headers: { 'content-type': 'application/json' },
  ...more,
});
/** What an inference may be answered with, at the address of a version as well. */
const inferCases = (path: string, unknown: string): readonly Case[] => [
  model(asImage(png), 200, { path }),
  model(asImage(png, BINARY), 200, { path }),
  model('{', 400, { path, code: 'body-malformed' }),
  model(asImage(png), 400, { path: `${path}?kk=1`, code: 'parameter-invalid' }),
  model(infer('image', '?'), 400, { path, code: 'body-malformed' }),
  model(infer('picture', ''), 400, { path, code: 'parameter-invalid' }),
  model('{"inputs":[]}', 400, { path, code: 'query-empty' }),
  model(asImage(''), 400, { path, code: 'picture-empty' }),
  model(asImage('no picture'), 400, { path, code: 'picture-not-an-image' }),
  model(asImage(png.subarray(0, 200)), 400, { path, code: 'picture-damaged' }),
  model(infer('text', ' '), 400, { path, code: 'text-empty' }),
  model(asImage(png), 401, { path, on: 'guarded', code: 'token-wrong' }),
  model(asImage(png), 403, { path, code: 'origin-refused', headers: { 'sec-fetch-site': 'cross-site' } }),
  model(asImage(png), 404, { path: unknown, code: 'index-unknown' }),
  model(Buffer.alloc(2000), 413, { path, on: 'hasty', code: 'body-too-large' }),
  model(asImage(png), 415, { path, code: 'type-unsupported', headers: { 'content-encoding': 'br' } }),
  model(asImage(png), 421, { path, code: 'host-refused', headers: { host: 'evil.example' } }),
  model(asImage(png), 500, { path, on: 'faulty', code: 'internal' }),
  model(asImage(png), 503, { path, on: 'full', code: 'busy' }),
  model(asImage(png), 503, { path, on: 'draining', code: 'draining' }),
  model(asImage('no picture'), 503, { path, on: 'hasty', code: 'too-slow' }),
];

/** Of a version of the index that the tests serve. */
const VERSIONED = (): string => `/v2/models/shapes/versions/${version}`;

const CASES: { readonly [Name in RouteName]: () => readonly Case[] } = {
  listIndexes: () => [get('/v1/indexes', 200), ...guarded('/v1/indexes')],
  getIndex: () => [
    get('/v1/indexes/shapes', 200),
    get('/v1/indexes/shapes', 200, { on: 'guarded', ...token }),
    get('/v1/indexes/shape', 404, { code: 'index-unknown' }),
    ...guarded('/v1/indexes/shapes'),
  ],
  listPictures: () => [
    get('/v1/indexes/shapes/pictures?role=test&label=class%201&limit=2', 200),
    get('/v1/indexes/shapes/pictures?limit=0', 400, { code: 'parameter-invalid' }),
    get('/v1/indexes/shapes/pictures?role=tset', 400, { code: 'parameter-invalid' }),
    get('/v1/indexes/none/pictures', 404, { code: 'index-unknown' }),
    get('/v1/indexes/photos/pictures', 200, { on: 'sharded' }),
    get('/v1/indexes/photos/pictures?label=1', 400, { on: 'sharded', code: 'parameter-invalid' }),
    get('/v1/indexes/photos/pictures', 503, { on: 'lost', code: 'shards-unavailable' }),
    ...guarded('/v1/indexes/shapes/pictures'),
  ],
  getPicture: () => [
    get('/v1/indexes/shapes/pictures/shapes.0', 200),
    get('/v1/indexes/shapes/pictures/0', 200),
    get('/v1/indexes/shapes/pictures/9999', 404, { code: 'picture-unknown' }),
    get('/v1/indexes/shapes/pictures/-1', 404, { code: 'picture-unknown' }),
    get('/v1/indexes/photos/pictures/0', 503, { on: 'lost', code: 'shards-unavailable' }),
    ...guarded('/v1/indexes/shapes/pictures/shapes.0'),
  ],
  addPictures: () => [
    add(fresh(1), 201),
    add(fresh(1), 200),
    add('', 400, { code: 'body-malformed' }),
    add(fresh(2), 400, { path: `${WRITTEN}?kk=1`, code: 'parameter-invalid' }),
    add(fresh(2), 401, { code: 'token-wrong', headers: { 'content-type': FORM } }),
    add(fresh(2), 403, { code: 'read-only', headers: { 'content-type': FORM, authorization: 'Bearer read' } }),
    add(fresh(2), 403, { on: 'plain', path: '/v1/indexes/shapes/pictures', code: 'read-only' }),
    add(fresh(2), 403, { code: 'origin-refused', headers: { 'sec-fetch-site': 'cross-site' } }),
    add(fresh(2), 404, { path: '/v1/indexes/none/pictures', code: 'index-unknown' }),
    add(fresh(2), 409, { path: '/v1/indexes/shapes/pictures', code: 'index-fixed' }),
    add(fresh(3), 409, { code: 'picture-changed' }),
    add(Buffer.alloc(2000), 413, { on: 'narrow', code: 'body-too-large' }),
    add('no form', 415, { code: 'type-unsupported', headers: { ...WRITE, 'content-type': 'image/png' } }),
    add(fresh(2), 421, { on: 'refusing', code: 'host-refused', headers: { host: 'evil.example' } }),
    add(formOf('a.png', ''), 422, { code: 'picture-empty' }),
    add(formOf('a.png', 'no picture'), 422, { code: 'picture-not-an-image' }),
    add(formOf('a.png', png.subarray(0, 200)), 422, { code: 'picture-damaged' }),
    add(formOf('a.png', small), 422, { on: 'narrow', code: 'picture-too-large' }),
    add(formOf('run-locked', png), 423, { on: 'refusing', code: 'run-locked' }),
    add(fresh(2), 503, { on: 'full', code: 'busy' }),
    add(fresh(2), 503, { on: 'draining', code: 'draining' }),
    add(formOf('disk-full', png), 507, { on: 'refusing', code: 'disk-full' }),
  ],
  removePicture: () => [
    remove('written.0', 200),
    remove('written.1', 400, { path: `${WRITTEN}/written.1?kk=1`, code: 'parameter-invalid' }),
    remove('written.1', 401, { code: 'token-wrong', headers: {} }),
    remove('written.1', 403, { code: 'read-only', headers: { authorization: 'Bearer read' } }),
    remove('written.1', 403, { code: 'origin-refused', headers: { 'sec-fetch-site': 'cross-site' } }),
    remove('written.0', 404, { code: 'picture-unknown' }),
    remove('shapes.0', 404, { code: 'picture-unknown' }),
    remove('0', 404, { path: '/v1/indexes/none/pictures/0', code: 'index-unknown' }),
    remove('0', 409, { path: '/v1/indexes/shapes/pictures/0', code: 'index-fixed' }),
    remove('written.1', 421, { on: 'refusing', code: 'host-refused', headers: { host: 'evil.example' } }),
    remove('1', 423, { on: 'refusing', code: 'run-locked' }),
    remove('2', 503, { on: 'refusing', code: 'index-replaced' }),
    remove('1', 503, { on: 'draining', code: 'draining' }),
    remove('3', 507, { on: 'refusing', code: 'disk-full' }),
  ],
  searchShard: () => [
    shard(200),
    shard(400, { body: '{', code: 'body-malformed' }),
    shard(400, { body: ofShard({ k: 0 }), code: 'body-malformed' }),
    shard(400, { body: ofShard({ states: encodeStates(UNIT.subarray(1)) }), code: 'body-malformed' }),
    shard(400, { body: ofShard({ states: encodeStates(UNIT.map(() => Number.NaN)) }), code: 'body-malformed' }),
    shard(400, { body: ofShard({ shares: [0.5, 0.5] }), code: 'body-malformed' }),
    shard(400, { body: ofShard({ shares: [2] }), code: 'body-malformed' }),
    shard(200, { body: ofShard({ shares: [0.5] }) }),
    shard(400, { path: '/v1/indexes/photos/shards/-1/search', code: 'parameter-invalid' }),
    shard(401, { on: 'guarded', code: 'token-wrong' }),
    shard(403, { code: 'origin-refused', headers: { ...JSON_TYPE, 'sec-fetch-site': 'cross-site' } }),
    shard(404, { path: '/v1/indexes/none/shards/0/search', code: 'index-unknown' }),
    shard(404, { path: '/v1/indexes/photos/shards/3/search', code: 'shard-unknown' }),
    shard(404, { on: 'plain', path: '/v1/indexes/shapes/shards/0/search', code: 'shard-unknown' }),
    shard(409, { body: ofShard(records[1]), code: 'shards-mixed' }),
    shard(413, { on: 'smallShards', body: Buffer.alloc(2000), code: 'body-too-large' }),
    shard(415, { code: 'type-unsupported', headers: { 'content-type': 'image/png' } }),
    shard(421, { code: 'host-refused', headers: { ...JSON_TYPE, host: 'evil.example' } }),
    shard(500, { on: 'noShards', code: 'internal' }),
    shard(503, { on: 'lost', code: 'shards-unavailable' }),
    shard(503, { on: 'draining', code: 'draining' }),
  ],
  getReport: () => [
    get('/v1/indexes/photos/report', 404, { on: 'sharded', code: 'report-impossible' }),
    get('/v1/indexes/shapes/report', 200, { on: 'guarded', ...token }),
    get('/v1/indexes/shapes/report', 202),
    get('/v1/indexes/shapes/report', 404, { on: 'full', code: 'report-impossible' }),
    get('/v1/indexes/shapes/report', 500, { on: 'faulty', code: 'report-failed' }),
    ...guarded('/v1/indexes/shapes/report'),
  ],
  getImage: () => [
    get('/v1/pictures/shapes.0', 200),
    get('/v1/pictures/shapes.0', 304, { headers: { 'if-none-match': '*' } }),
    get('/v1/pictures/shapes.99', 404, { code: 'picture-unknown' }),
    get('/v1/pictures/photos.0', 503, { on: 'lost', code: 'shards-unavailable' }),
    ...guarded('/v1/pictures/shapes.0'),
  ],
  getThumbnail: () => [
    get('/v1/pictures/shapes.0/thumbnail', 200),
    get('/v1/pictures/shapes.0/thumbnail', 304, { headers: { 'if-none-match': '*' } }),
    get('/v1/pictures/none.0/thumbnail', 404, { code: 'picture-unknown' }),
    get('/v1/pictures/photos.0/thumbnail', 503, { on: 'lost', code: 'shards-unavailable' }),
    ...guarded('/v1/pictures/shapes.0/thumbnail'),
  ],
  search: () => [
    post(png, 200),
    post(png, 200, { path: '/v1/search?explain=true&k=4&system=dsi', ...type('application/octet-stream') }),
    post('{"picture":"shapes.0"}', 200, type('application/json')),
    post('{"picture":3}', 400, { code: 'body-malformed', ...type('application/json') }),
    post('{', 400, { code: 'body-malformed', ...type('application/json') }),
    post(png, 400, { path: '/v1/search?k=0', code: 'parameter-invalid' }),
    post(png, 400, { path: '/v1/search?system=bovw', code: 'parameter-invalid' }),
    post(png, 400, { path: '/v1/search?confidence=0.9', code: 'parameter-invalid' }),
    { ...post('', 400, { code: 'body-malformed' }), ...form('--x--\r\n') },
    post(png, 401, { on: 'guarded', code: 'token-wrong' }),
    post(png, 403, { code: 'origin-refused', headers: { 'sec-fetch-site': 'cross-site' } }),
    post(png, 404, { path: '/v1/search?index=none', code: 'index-unknown' }),
    post('{"picture":"shapes.999"}', 404, { code: 'picture-unknown', ...type('application/json') }),
    post(Buffer.alloc(2000), 413, { on: 'hasty', code: 'body-too-large' }),
    post('picture=1', 415, { code: 'type-unsupported', ...type('application/x-www-form-urlencoded') }),
    post(png, 421, { code: 'host-refused', headers: { host: 'evil.example' } }),
    post('', 422, { code: 'picture-empty' }),
    post('no picture', 422, { code: 'picture-not-an-image' }),
    post(png.subarray(0, 200), 422, { code: 'picture-damaged' }),
    post(png, 500, { on: 'faulty', code: 'internal' }),
    post(png, 503, { on: 'full', code: 'busy' }),
    post(png, 503, { on: 'draining', code: 'draining' }),
    post('no picture', 503, { on: 'hasty', code: 'too-slow' }),
    post(png, 200, { on: 'sharded' }),
    post(png, 503, { on: 'lost', code: 'shards-unavailable' }),
  ],
  isAlive: () => [get('/healthz', 200), get('/healthz', 200, { on: 'guarded' }), ...common('/healthz')],
  isReady: () => [
    get('/readyz', 200),
    get('/readyz', 200, { on: 'guarded' }),
    get('/readyz', 503, { on: 'draining', code: 'draining' }),
    ...common('/readyz'),
  ],
  getMetrics: () => [get('/metrics', 200), ...guarded('/metrics')],
  getOpenApi: () => [get('/openapi.json', 200), ...common('/openapi.json')],
  getServer: () => [get('/v2', 200), get('/v2/', 200, { on: 'guarded' }), ...common('/v2')],
  isServerLive: () => [
    get('/v2/health/live', 200),
    get('/v2/health/live', 200, { on: 'draining' }),
    get('/v2/health/live', 200, { on: 'guarded' }),
    ...common('/v2/health/live'),
  ],
  isServerReady: () => [
    get('/v2/health/ready', 200),
    get('/v2/health/ready', 200, { on: 'guarded' }),
    get('/v2/health/ready', 503, { on: 'draining', code: 'draining' }),
    ...common('/v2/health/ready'),
  ],
  getModel: () => [
    get('/v2/models/shapes', 200),
    get('/v2/models/shapes', 200, { on: 'guarded', ...token }),
    get('/v2/models/shape', 404, { code: 'index-unknown' }),
    ...guarded('/v2/models/shapes'),
  ],
  getModelVersion: () => [
    get(VERSIONED(), 200),
    get('/v2/models/shapes/versions/1', 404, { code: 'version-unknown' }),
    get(VERSIONED().replace('shapes', 'none'), 404, { code: 'index-unknown' }),
    ...guarded(VERSIONED()),
  ],
  isModelReady: () => [
    get('/v2/models/shapes/ready', 200),
    get('/v2/models/shape/ready', 404, { code: 'index-unknown' }),
    get('/v2/models/shapes/ready', 503, { on: 'draining', code: 'draining' }),
    ...guarded('/v2/models/shapes/ready'),
  ],
  isModelVersionReady: () => [
    get(`${VERSIONED()}/ready`, 200),
    get('/v2/models/shapes/versions/1/ready', 404, { code: 'version-unknown' }),
    get(`${VERSIONED()}/ready`, 503, { on: 'draining', code: 'draining' }),
    ...guarded(`${VERSIONED()}/ready`),
  ],
  infer: () => inferCases(INFER, '/v2/models/none/infer'),
  inferVersion: () => [
    ...inferCases(`${VERSIONED()}/infer`, '/v2/models/none/versions/1/infer'),
    model(asImage(png), 404, { path: '/v2/models/shapes/versions/1/infer', code: 'version-unknown' }),
  ],
};

/** Holds an answer against the document. */
function expectDocumented(
  name: RouteName,
  { status, headers, body }: Pick<RawAnswer, 'status' | 'headers' | 'body'>,
): void {
  const { method, path } = PATHS[name];
  const response = documented(name)[status];
  expect(response, `${name} ${status}`).toBeDefined();
  for (const header of Object.keys(response?.headers ?? {}))
    expect(Object.keys(headers)).toContain(header.toLowerCase());
  const sent = headers['content-type']?.replace(/^(application\/(?:problem\+)?json); charset=utf-8$/, '$1');
  if (response?.content === undefined) {
    expect(body).toHaveLength(0);
    return;
  }
  expect(Object.keys(response.content)).toContain(sent);
  if (!/json$/.test(sent ?? '')) return;
  const steps = ['paths', path, method.toLowerCase(), 'responses', String(status), 'content', sent as string, 'schema'];
  const validate = ajv.compile({ $ref: `api#/${pointer(...steps)}` });
  expect(validate(JSON.parse(body.toString())), JSON.stringify(validate.errors)).toBe(true);
}

/** The code of a refusal, in either form. */
function codeOf({ body }: Pick<RawAnswer, 'body'>): string {
  const { code, error } = JSON.parse(body.toString());
  return error === undefined ? code : error.split(':', 1)[0];
}

const seen = new Set<string>();

describe.each(Object.keys(PATHS) as RouteName[])('%s', (name) => {
  it('answers as its document says', async () => {
    for (const { status, code, on = 'plain', ...asked } of CASES[name]()) {
      const answer = await send(servers[on].address, { method: PATHS[name].method, ...asked });
      const what = `${name}: ${asked.path} on ${on}: ${answer.body.toString().slice(0, 300)}`;
      expect(answer.status, what).toBe(status);
      expectDocumented(name, answer);
      seen.add(`${name} ${status}`);
      expect(status < 400 ? undefined : codeOf(answer), what).toBe(code);
      if (code === 'internal')
        expect(answer.body.toString()).not.toMatch(/fault, of which|TypeError|\.ts|\/work|node_modules/);
    }
  });
});

it.concurrent.each([
  ['search', 'hasty', '/v1/search', 'Content-Type: image/png'],
  ['addPictures', 'narrow', WRITTEN, `Content-Type: ${FORM}\r\nAuthorization: Bearer write`],
  ['searchShard', 'smallShards', SHARD, 'Content-Type: application/json'],
  ['infer', 'hasty', INFER, 'Content-Type: application/json'],
  ['inferVersion', 'hasty', '/v2/models/shapes/versions/VERSION/infer', 'Content-Type: application/json'],
] as const)('answers a body of %s that does not arrive in time as its document says', async (name, on, path, said) => {
  const address = path.replace('VERSION', version);
  const head = `POST ${address} HTTP/1.1\r\nHost: 127.0.0.1\r\n${said}\r\nContent-Length: 100\r\n\r\n`;
  const { status, head: headers, body } = parseAnswer(await sendBytes(servers[on].address, head));
  expect([status, codeOf({ body: Buffer.from(body) })]).toEqual([408, 'request-timeout']);
  const [, contentType] = /content-type: (\S+)/i.exec(headers) ?? [];
  expectDocumented(name, { status, headers: { 'content-type': contentType }, body: Buffer.from(body) });
  seen.add(`${name} 408`);
});

it('tells nothing of its faults, whichever route has them', async () => {
  const broken = <T extends object>(): T =>
    new Proxy({} as T, {
      get(_, property) {
        throw new TypeError(`a fault at ${String(property)}, of which nobody is told`);
      },
    });
  const faults: unknown[] = [];
  const metrics = new Metrics(
    () => 0,
    () => Promise.reject(new Error('a fault, of which nobody is told')),
  );
  const app = await createApp({
    host: broken(),
    desk: broken(),
    served: async () => false,
    writeToken: 'write',
    reports: broken(),
    limits: DEFAULT_LIMITS,
    pages: new Map(),
    metrics,
    admission: new Admission(DEFAULT_LIMITS),
    address: '127.0.0.1',
    cors: [],
    allowHosts: [],
    decoders: 1,
    onFault: (fault) => faults.push(fault),
  });
  const names = [
    'listIndexes',
    'getIndex',
    'listPictures',
    'getPicture',
    'getReport',
    'getImage',
    'getThumbnail',
    'addPictures',
    'removePicture',
    'getModel',
    'getModelVersion',
    'isModelReady',
    'isModelVersionReady',
  ] as const;
  for (const name of [...names, 'getMetrics'] as const) {
    const url = PATHS[name].path.replace(/\{\w+\}/g, 'shapes.0');
    const { method } = PATHS[name];
    const answer = await app.http.inject({ method, url, headers: { authorization: 'Bearer write' } });
    expect(answer.body).not.toContain('nobody');
    expectDocumented(name, { status: answer.statusCode, headers: answer.headers as never, body: answer.rawPayload });
    expect([answer.statusCode, codeOf({ body: answer.rawPayload })]).toEqual([500, 'internal']);
    seen.add(`${name} 500`);
  }
  expect(faults).toHaveLength(14);
  await app.http.close();
});

it('has gone through every answer of the document', () => {
  const missing = (Object.keys(PATHS) as RouteName[])
    .flatMap((name) => Object.keys(documented(name)).map((status) => `${name} ${status}`))
    .filter((answer) => !seen.has(answer));
  expect(missing).toEqual([]);
});
