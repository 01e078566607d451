import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readIndexManifest } from '../artifact/manifest.ts';
import { IndexWriter } from '../changes/index-writer.ts';
import { ClientError, type NeurodexClient, neurodexClient } from './client.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { send } from './raw-http.fixture.ts';
import { serve } from './serve.ts';
import { circle, makeIndex, serveForTest } from './served.fixture.ts';
import type { Serving } from './start-server.ts';

/** An index that is changed while it is served. */
let root = '';
let index = '';
let server: Serving;
let client: NeurodexClient;
let reader: NeurodexClient;
const warnings: string[] = [];
/** Pictures that no other test has. */
let drawn = 0;
async function draw(): Promise<Uint8Array<ArrayBuffer>> {
  const n = ++drawn;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"><rect width="90" height="90" fill="hsl(${(n * 47) % 360},60%,60%)"/><circle cx="${(n * 31) % 90}" cy="${(n * 17) % 90}" r="${12 + (n % 20)}" fill="#222"/></svg>`;
  return Uint8Array.from(await sharp(Buffer.from(svg)).png().toBuffer());
}
const file = (bytes: Uint8Array<ArrayBuffer>) => new Blob([bytes]);

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-changes-'));
  index = await makeIndex(root, 'shapes', { written: true, systems: ['dsi', 'bovw', 'pixels'] });
  server = await serveForTest([index], {
    token: 'read',
    writeToken: 'write',
    lookEvery: 50,
    faults: warnings,
    limits: { lockSeconds: 0.5, writerIdleSeconds: 0.5 },
  });
  client = neurodexClient({ server: server.address, token: 'write' });
  reader = neurodexClient({ server: server.address, token: 'read' });
}, 120_000);
afterAll(async () => {
  await server.stop();
  await rm(root, { recursive: true, force: true });
  expect(warnings).toEqual([]);
});

const found = async (query: Uint8Array<ArrayBuffer>, k = 3) =>
  (await reader.search(query, { k })).results.map(({ answers }) => answers.map(({ picture }) => picture.name));
const card = async () => (await reader.indexes())[0];
const refusal = async (asked: Promise<unknown>) => {
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ClientError);
  return error as ClientError;
};

describe('a picture that is added', () => {
  it('is found by every system when the answer is there, and never again once it is removed', async () => {
    const query = await draw();
    const before = await card();
    const { added, known, failed, served, version } = await client.addPictures(
      'shapes',
      [{ name: 'photos/new one.png', file: file(query) }],
      { labels: ['class 1', 'fresh, and new'] },
    );
    expect({ known, failed, served }).toEqual({ known: [], failed: [], served: true });
    const [picture] = added;
    const id = picture?.id ?? '';
    expect(picture).toMatchObject({ id: 'shapes.36', name: 'new one.png', role: 'catalogue' });
    expect(picture?.labels).toEqual(['class 1', 'fresh, and new']);
    expect(picture?.identifier).toMatch(/^\d+$/);
    for (const names of await found(query)) expect(names).toContain('new one.png');
    const now = await card();
    expect(now).toMatchObject({ version, writable: true, catalogue: (before?.catalogue ?? 0) + 1 });
    expect(now?.changes).toMatchObject({ revision: 1, added: 1, removed: 0 });
    expect(now?.version).not.toBe(before?.version);
    expect(await reader.picture('shapes', id)).toEqual(picture);
    expect((await reader.bytes(picture?.thumbnail ?? '')).size).toBeGreaterThan(50);

    const removal = await client.removePicture('shapes', id);
    expect(removal).toMatchObject({ index: 'shapes', id });
    for (const names of await found(query, 36)) expect(names).not.toContain('new one.png');
    await expect(reader.picture('shapes', id)).rejects.toMatchObject({ code: 'picture-unknown' });
    await expect(reader.bytes(picture?.thumbnail ?? '')).rejects.toMatchObject({ code: 'picture-unknown' });
    await expect(reader.search({ picture: id })).rejects.toMatchObject({ code: 'picture-unknown' });
    expect((await reader.pictures('shapes', { limit: 100 })).pictures.map((each) => each.id)).not.toContain(id);
    expect((await readIndexManifest(index)).digest.slice(0, 16)).toBe(removal.version);
    await vi.waitFor(async () => expect((await card())?.version).toBe(removal.version), 10_000);
    // Nobody gets its number.
    const next = await client.addPictures('shapes', [{ name: 'next.png', file: file(await draw()) }]);
    expect(next.added.map((each) => each.id)).toEqual(['shapes.37']);
  });

  it('is not added twice, whatever it is called', async () => {
    const bytes = await draw();
    const [first] = (await client.addPictures('shapes', [{ name: 'once.png', file: file(bytes) }])).added;
    const { version } = (await card()) ?? {};
    const again = await client.addPictures('shapes', [{ name: 'twice.png', file: file(bytes) }]);
    expect(again).toMatchObject({ added: [], known: [{ name: 'twice.png', picture: first?.id }], version });
    // Other bytes under its name are no new version of it.
    const other = await refusal(client.addPictures('shapes', [{ name: 'once.png', file: file(await draw()) }]));
    expect(other).toMatchObject({ status: 409, code: 'picture-changed' });
  });

  it('is added though others beside it cannot be', async () => {
    const bytes = await draw();
    const { added, failed } = await client.addPictures('shapes', [
      { name: 'good.png', file: file(bytes) },
      { name: 'text.png', file: new Blob(['no picture']) },
      { name: 'good.png', file: file(await draw()) },
      { name: 'cut.png', file: file((await draw()).slice(0, 100)) },
    ]);
    expect(added.map(({ name }) => name)).toEqual(['good.png']);
    expect(failed.map(({ name, problem }) => [name, problem.code, problem.status])).toEqual([
      ['good.png', 'picture-changed', 409],
      ['text.png', 'picture-not-an-image', 422],
      ['cut.png', 'picture-damaged', 422],
    ]);
  });

  it('may be of a phone or a camera, and is found by its own file', async () => {
    const fixture = async (name: string): Promise<Uint8Array<ArrayBuffer>> =>
      Uint8Array.from(await readFile(new URL(`../../../datasets/src/image/${name}`, import.meta.url)));
    const photograph = await fixture('fixtures/heic-RGB-8-p3.heic');
    const raw = await fixture('raw/fixtures/nikon-8.nef');
    const { added, failed } = await client.addPictures('shapes', [
      { name: 'IMG_1.HEIC', file: file(photograph) },
      { name: 'DSC_1.NEF', file: file(raw) },
      { name: 'clip.mp4', file: new Blob(['\0\0\0\x18ftypisom\0\0\0\0isommp42']) },
    ]);
    expect(added.map(({ name }) => name)).toEqual(['IMG_1.HEIC', 'DSC_1.NEF']);
    expect(failed[0]?.problem.detail).toMatch(/is a video \(MP4\), not a picture$/);
    for (const [type, body, name] of [
      ['image/heic', photograph, 'IMG_1.HEIC'],
      ['image/x-nikon-nef', raw, 'DSC_1.NEF'],
      ['application/octet-stream', photograph, 'IMG_1.HEIC'],
    ] as const) {
      const headers = { 'content-type': type, authorization: 'Bearer read' };
      const answer = await send(server.address, {
        path: '/v1/search?system=pixels&k=1',
        headers,
        body: Buffer.from(body),
      });
      expect(JSON.parse(answer.body.toString()).results[0].answers[0].picture.name, type).toBe(name);
    }
  });

  it('comes together with others that are sent at the same time', async () => {
    const { changes } = (await card()) ?? {};
    const sent = await Promise.all(
      Array.from({ length: 12 }, async (_, i) =>
        client.addPictures('shapes', [{ name: `together ${i}.png`, file: file(await draw()) }]),
      ),
    );
    expect(sent.map(({ added: [one] }) => one?.name)).toEqual(sent.map((_, i) => `together ${i}.png`));
    expect(sent.every(({ served }) => served)).toBe(true);
    expect(new Set(sent.flatMap(({ added }) => added.map(({ id }) => id))).size).toBe(12);
    const after = (await card())?.changes;
    expect(after?.added).toBe((changes?.added ?? 0) + 12);
    // The first one alone, the others behind it.
    expect((after?.revision ?? 0) - (changes?.revision ?? 0)).toBeLessThanOrEqual(4);
    // Names that two requests want are given once.
    const bytes = await Promise.all([draw(), draw()]);
    const both = await Promise.allSettled(
      bytes.map((each) => client.addPictures('shapes', [{ name: 'wanted.png', file: file(each) }])),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('stays away while searches run, none of which fails', async () => {
    const query = await draw();
    let over = false;
    const seen: boolean[] = [];
    const asking = Array.from({ length: 4 }, async () => {
      while (!over) {
        const [pixels] = (await reader.search(query, { k: 1, system: ['pixels'] })).results;
        seen.push(pixels?.answers[0]?.picture.name === 'awaited.png');
      }
    });
    await client.addPictures('shapes', [{ name: 'awaited.png', file: file(query) }]);
    seen.length = 0;
    await vi.waitFor(() => expect(seen.length).toBeGreaterThan(8), 10_000);
    over = true;
    await Promise.all(asking);
    // Searches that began before are answered by the version that they began with.
    expect(seen.slice(4).every(Boolean)).toBe(true);
  });
});

describe('changes are refused', () => {
  it('without the token for writing', async () => {
    const sent = [{ name: 'a.png', file: file(await draw()) }];
    expect(await refusal(reader.addPictures('shapes', sent))).toMatchObject({ status: 403, code: 'read-only' });
    expect(await refusal(reader.removePicture('shapes', 'shapes.0'))).toMatchObject({ status: 403 });
    const nobody = neurodexClient({ server: server.address });
    expect(await refusal(nobody.addPictures('shapes', sent))).toMatchObject({ status: 401, code: 'token-wrong' });
    expect(await reader.picture('shapes', 'shapes.0')).toMatchObject({ id: 'shapes.0' });
  });

  it('where they are not forms of pictures', async () => {
    const ask = async (body: string, type = 'multipart/form-data; boundary=x') => {
      const path = '/v1/indexes/shapes/pictures';
      const headers = { authorization: 'Bearer write', 'content-type': type };
      const answer = await send(server.address, { method: 'POST', path, headers, body });
      return [answer.status, JSON.parse(answer.body.toString()).detail];
    };
    const part = (disposition: string, content = '') =>
      `--x\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${content}\r\n`;
    expect(await ask('x', 'image/png')).toEqual([415, 'pictures are added by a form']);
    expect(await ask('x', 'multipart/form-data')).toEqual([400, 'the form has no boundary']);
    expect(await ask('--x--\r\n')).toEqual([400, 'the form has no picture']);
    expect(await ask(part('name="picture"; filename="a.png"'))).toEqual([400, 'the form ends too early']);
    const end = '--x--\r\n';
    expect(await ask(part('name="picture"; filename=".."') + end)).toEqual([
      400,
      'the form has a picture without a name',
    ]);
    expect(await ask(part('name="file"; filename="a"') + end)).toEqual([
      400,
      'the form has a field "file" that is not read',
    ]);
    expect((await ask(part('name="labels"') + part('name="picture"; filename="a"') + end))[0]).toBe(400);
    expect((await ask(part('name="picture"; filename="a.png"', 'text') + end))[0]).toBe(422);
    expect((await ask(part(`name="picture"; filename="${'a'.repeat(300)}"`, 'text') + end))[0]).toBe(400);
  });

  it('while another process changes the index, which is named; and the server lets others write when it is idle', async () => {
    let other: IndexWriter | undefined;
    await vi.waitFor(async () => {
      other = await IndexWriter.open(index, nodeRuntime({ device: 'cpu' }));
    }, 10_000);
    const sent = [{ name: 'locked.png', file: file(await draw()) }];
    const error = await refusal(client.addPictures('shapes', sent));
    expect(error).toMatchObject({ status: 423, code: 'run-locked', retryAfter: 5 });
    expect(error.message).toContain(`process ${process.pid}`);
    // What could not be removed is seen again.
    expect(await refusal(client.removePicture('shapes', 'shapes.1'))).toMatchObject({ code: 'run-locked' });
    expect(await reader.picture('shapes', 'shapes.1')).toMatchObject({ id: 'shapes.1' });
    await other?.change({ remove: [1] });
    await other?.close();
    expect((await client.addPictures('shapes', sent)).served).toBe(true);
    await expect(reader.picture('shapes', 'shapes.1')).rejects.toMatchObject({ code: 'picture-unknown' });
  });
});

it('a picture is hidden at once from searches that are under way, and its place goes to another', async () => {
  const query = Uint8Array.from(await circle(1, 3));
  const [before] = (await reader.search(query, { k: 5, system: ['pixels'] })).results;
  const [first] = before?.answers ?? [];
  const searching = reader.search(query, { k: 5, system: ['pixels'] });
  const removing = client.removePicture('shapes', first?.picture.id ?? '');
  const after = await reader.search(query, { k: 5, system: ['pixels'] });
  await Promise.all([searching, removing]);
  const ids = after.results[0]?.answers.map(({ picture }) => picture.id);
  expect(ids).toEqual([...(before?.answers.slice(1).map(({ picture }) => picture.id) ?? []), ids?.at(-1)]);
  expect(after.results[0]?.answers.map(({ rank }) => rank)).toEqual([1, 2, 3, 4, 5]);
});

it('an index whose network knows its pictures by heart says so, as does a server without a token for writing', async () => {
  const fixed = await makeIndex(root, 'fixed', { systems: ['dsi'] });
  const other = await serveForTest([fixed, index], { writeToken: 'write' });
  try {
    const mine = neurodexClient({ server: other.address, token: 'write' });
    const sent = [{ name: 'a.png', file: file(await draw()) }];
    expect((await mine.indexes()).map(({ writable }) => writable)).toEqual([false, true]);
    expect(await refusal(mine.addPictures('fixed', sent))).toMatchObject({ status: 409, code: 'index-fixed' });
    expect(await refusal(mine.removePicture('fixed', 'fixed.0'))).toMatchObject({ status: 409, code: 'index-fixed' });
  } finally {
    await other.stop();
  }
  const closed = await serveForTest([index]);
  try {
    const mine = neurodexClient({ server: closed.address });
    expect((await mine.indexes())[0]?.writable).toBe(false);
    expect(await refusal(mine.removePicture('shapes', 'shapes.2'))).toMatchObject({ status: 403, code: 'read-only' });
  } finally {
    await closed.stop();
  }
}, 60_000);

it('a token that writes is another one than the one that reads', async () => {
  const options = {
    port: 0,
    host: '127.0.0.1',
    cors: [],
    allowHosts: [],
    limits: DEFAULT_LIMITS,
    device: 'cpu' as const,
  };
  const both = { token: 'same', writeToken: 'same', workers: 1, open: false, reporter: silentReporter };
  await expect(serve({ indexes: [index], ...options, ...both })).rejects.toMatchObject({ code: 'usage' });
});
