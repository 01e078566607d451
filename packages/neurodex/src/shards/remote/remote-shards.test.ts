import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defined } from '@neurodex/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decodeStates } from '../shard-protocol.ts';
import type { RoutedShard } from '../shard-source.ts';
import { indexAddress, RemoteShards, type ServerEvent } from './remote-shards.ts';
import { preferredServers } from './rendezvous.ts';

const WIDTH = 4;
const K = 3;
const SHARD: RoutedShard = { shard: 5, pictures: 10, record: { bytes: 7, sha256: 'a'.repeat(64) } };
const STATES = Float32Array.from([1, 0, 0, 0, 0, 0.6, 0.8, 0]);
const TEMPERATURE = 10;

type Answers = { logSum: unknown; answers: { row: unknown; score: unknown; picture: object }[] }[];
const picture = (id: number) => ({ id, path: `${id}.png`, labels: ['a'], identifier: '1.2', stored: 'b'.repeat(64) });
/** What a good server answers. */
const good = (): Answers =>
  [0.123456789012345, -2].map((logSum, query) => ({
    logSum,
    answers: [3, 1, 9].map((row, i) => ({ row, score: -0.1 - i / 3 - query, picture: picture(row) })),
  }));

interface Small {
  readonly url: string;
  readonly server: Server;
  asked: { url: string; authorization: string | undefined; body: string }[];
  answer: (response: ServerResponse, request: IncomingMessage) => void;
}

let servers: Small[] = [];
let events: ServerEvent[] = [];
const open: RemoteShards[] = [];

const json =
  (value: unknown, status = 200) =>
  (response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };
const answersWith = (change: (answers: Answers) => void) => {
  const answers = good();
  change(answers);
  return json({ answers });
};

async function small(): Promise<Small> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      own.asked.push({ url: request.url ?? '', authorization: request.headers.authorization, body });
      own.answer(response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const own: Small = { url: `http://127.0.0.1:${port}`, server, asked: [], answer: json({ answers: good() }) };
  return own;
}

/** In the order in which the shard prefers them. */
async function start(count: number): Promise<void> {
  const all = await Promise.all(Array.from({ length: count }, small));
  const order = preferredServers(
    SHARD.shard,
    all.map(({ url }) => url),
  );
  servers = order.map((url) =>
    defined(
      all.find((one) => one.url === url),
      'a server',
    ),
  );
}

const remote = (milliseconds = 3000): RemoteShards => {
  const shards = new RemoteShards({
    servers: servers.map(({ url }) => url).toSorted(),
    index: 'photos',
    token: 'secret',
    ...{ milliseconds, temperature: TEMPERATURE, width: WIDTH },
    onEvent: (event) => events.push(event),
  });
  open.push(shards);
  return shards;
};
const search = (shards: RemoteShards) => shards.search(SHARD, STATES, K);
const outcomes = () => events.map(({ server, outcome }) => [servers.findIndex(({ url }) => url === server), outcome]);

beforeEach(() => {
  events = [];
});
afterEach(async () => {
  for (const shards of open.splice(0)) await shards.close();
  for (const { server } of servers) {
    server.closeAllConnections();
    server.close();
  }
});

describe('shards of other servers', () => {
  it('are asked by their record, and their numbers arrive bit for bit', async () => {
    await start(2);
    expect(await search(remote())).toEqual(good());
    const [first, second] = servers;
    expect(second?.asked).toEqual([]);
    expect(first?.asked).toMatchObject([{ url: '/v1/indexes/photos/shards/5/search', authorization: 'Bearer secret' }]);
    const { record, states, k, shares } = JSON.parse(first?.asked[0]?.body ?? '');
    expect([record, k, shares]).toEqual([SHARD.record, K, undefined]);
    expect(decodeStates(states, WIDTH)).toEqual(STATES);
    expect(outcomes()).toEqual([[0, 'answered']]);
  });

  it('are told the share of each query', async () => {
    await start(1);
    await remote().search(SHARD, STATES, K, [0.25, 1]);
    expect(JSON.parse(servers[0]?.asked[0]?.body ?? '').shares).toEqual([0.25, 1]);
  });

  it('have addresses with or without an index', () => {
    expect(indexAddress('http://a:1/', 'x')).toBe('http://a:1/v1/indexes/x');
    expect(indexAddress('http://a:1/below', 'x')).toBe('http://a:1/below/v1/indexes/x');
    expect(indexAddress('http://a:1/v1/indexes/other', 'x')).toBe('http://a:1/v1/indexes/other');
  });

  it.each<[string, Small['answer'], string]>([
    ['bytes that are no JSON', (response) => void response.end('<html>'), 'no answers of a shard'],
    ['another form', json({ answers: 3 }), 'no answers of a shard'],
    ['a row that the shard does not have', answersWith(([one]) => setAnswer(one, { row: 10 })), 'the row 10 of 10'],
    ['a row below zero', answersWith(([one]) => setAnswer(one, { row: -1 })), 'no answers of a shard'],
    ['a row twice', answersWith(([one]) => setAnswer(one, { row: 1 })), 'the row 1 twice'],
    ['a score that is NaN', answersWith(([one]) => setAnswer(one, { score: Number.NaN })), 'no answers of a shard'],
    ['a probability above 1', answersWith(([one]) => setAnswer(one, { score: 0.5 })), 'the score 0.5'],
    ['answers out of order', answersWith(([one]) => setAnswer(one, { score: -8 })), 'the score'],
    [
      'a sum that is too large',
      answersWith(([one]) => void Object.assign(one ?? {}, { logSum: 1e300 })),
      'the sum 1e+300',
    ],
    ['a sum that is NaN', answersWith(([one]) => void Object.assign(one ?? {}, { logSum: Number.NaN })), 'no answers'],
    ['too few queries', answersWith((answers) => void answers.pop()), 'answers 1 of 2 queries'],
    ['no answers', answersWith(([one]) => void one?.answers.splice(0)), '0 answers'],
    [
      'too many answers',
      answersWith(([one]) => void one?.answers.push({ row: 4, score: -9, picture: picture(4) })),
      '4 answers',
    ],
    [
      'a picture without a path',
      answersWith(([one]) => setAnswer(one, { picture: { id: 1 } })),
      'no answers of a shard',
    ],
    ['a refusal', json({ code: 'token-wrong', detail: 'the token is wrong' }, 401), 'token-wrong: the token is wrong'],
    ['a status alone', (response) => void response.writeHead(502).end('Bad Gateway\u001b[31m'), 'status 502'],
    ['an end of the connection', (response) => void response.destroy(), 'did not answer'],
    ['an answer without an end', (response) => endless(response), 'larger than'],
  ])('are left out for %s, and the next server is asked', async (_, answer, message) => {
    await start(2);
    const [first] = servers;
    defined(first, 'a server').answer = answer;
    expect(await search(remote())).toEqual(good());
    expect(outcomes()).toEqual([
      [0, 'failed'],
      [1, 'answered'],
    ]);
    for (const server of servers) server.answer = answer;
    const failing = search(remote());
    await expect(failing).rejects.toMatchObject({ code: 'shards-unavailable' });
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.not.toThrow('secret');
    await expect(failing).rejects.not.toThrow('\u001b');
  });

  it('are asked of another server where one hangs, in less than the time that a shard has', async () => {
    await start(2);
    const [first] = servers;
    defined(first, 'a server').answer = () => {};
    const started = performance.now();
    const shards = remote(20_000);
    expect(await search(shards)).toEqual(good());
    expect(performance.now() - started).toBeLessThan(5000);
    await vi.waitFor(() =>
      expect(events).toMatchObject([
        { outcome: 'answered', isHedge: true },
        { outcome: 'abandoned', isHedge: false },
      ]),
    );
    // One that hangs again and again is passed over.
    for (let i = 0; i < 2; i++) await search(shards);
    await vi.waitFor(() => expect(events).toHaveLength(6));
    const asked = first?.asked.length;
    expect(await search(shards)).toEqual(good());
    expect(first?.asked.length).toBe(asked);
  });

  it('are left out in time where every server hangs or is gone', async () => {
    await start(2);
    for (const server of servers) server.answer = () => {};
    const started = performance.now();
    await expect(search(remote(300))).rejects.toThrow('no server answered within 0.3 seconds');
    expect(performance.now() - started).toBeLessThan(3000);
    for (const { server } of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    const gone = remote();
    for (let i = 0; i < 3; i++) await expect(search(gone)).rejects.toThrow('ECONNREFUSED');
    await expect(search(gone)).rejects.toThrow('all its servers have failed a moment ago');
  });
});

function setAnswer(one: Answers[number] | undefined, change: object): void {
  Object.assign(defined(one?.answers[0], 'an answer'), change);
}

function endless(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const more = (): void => {
    while (!response.destroyed && response.write(' '.repeat(1 << 16))) {}
  };
  response.on('drain', more);
  more();
}
