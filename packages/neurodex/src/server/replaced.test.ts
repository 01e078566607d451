import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { readIndexManifest } from '../artifact/manifest.ts';
import { type NeurodexClient, neurodexClient } from './client.ts';
import { measureApart } from './measure.ts';
import { reportDesk } from './report-desk.ts';
import { circle, makeIndex, serveForTest } from './served.fixture.ts';
import type { Serving } from './start-server.ts';

/** An index of which another takes the name while it is served. */
let root = '';
let index = '';
let server: Serving;
let client: NeurodexClient;
const warnings: string[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-replaced-'));
  index = await makeIndex(root, 'served');
  server = await serveForTest([index], {
    lookEvery: 20,
    faults: warnings,
    reports: reportDesk(
      measureApart(() => index, 'cpu'),
      (error) => {
        throw error;
      },
    ),
  });
  client = neurodexClient({ server: server.address });
}, 120_000);
afterAll(async () => {
  await server.stop();
  await rm(root, { recursive: true });
});

/** Another folder takes the name of the index. */
async function replaceWith(other: string): Promise<void> {
  await rename(index, join(root, 'old'));
  await rename(other, index);
  await rm(join(root, 'old'), { recursive: true });
}

const versionOf = async (folder: string): Promise<string> => (await readIndexManifest(folder)).digest.slice(0, 16);
const served = async () => (await client.indexes())[0];

async function search(query: Uint8Array<ArrayBuffer>) {
  const { results } = await client.search(query, { k: 4, system: ['dsi', 'pixels'] });
  return results.map(({ answers }) => answers.map(({ picture }) => picture.name));
}

/** Files of the index that are open and have no name any more. */
async function openWithoutName(): Promise<string[]> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(join('/proc/self/fd', fd)).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(root) && link.endsWith('(deleted)'));
}

it('another version answers from one request to the next, and none fails meanwhile', async () => {
  const query = Uint8Array.from(await circle(1, 3));
  const before = await search(query);
  expect(await served()).toMatchObject({ version: await versionOf(index), catalogue: 18 });

  const other = await makeIndex(root, 'another', { classes: false });
  const version = await versionOf(other);
  const answers: unknown[] = [];
  let over = false;
  const asking = Array.from({ length: 4 }, async () => {
    while (!over) answers.push(await search(query));
  });
  await replaceWith(other);
  await vi.waitFor(async () => expect(await served()).toMatchObject({ version, catalogue: 36 }), 30_000);
  const after = await search(query);
  over = true;
  await Promise.all(asking);
  expect(after).not.toEqual(before);
  const texts = new Set(answers.map((each) => JSON.stringify(each)));
  expect([...texts].filter((each) => ![before, after].some((known) => JSON.stringify(known) === each))).toEqual([]);
  expect(texts.has(JSON.stringify(before))).toBe(true);

  const image = await fetch(`${server.address}/v1/pictures/served.35`);
  expect([
    image.status,
    Buffer.from(await image.arrayBuffer())
      .subarray(1, 4)
      .toString(),
  ]).toEqual([200, 'PNG']);
  // Nothing of the version before is kept open.
  if (existsSync('/proc/self/fd')) await vi.waitFor(async () => expect(await openWithoutName()).toEqual([]), 10_000);
  expect(warnings).toEqual([]);
}, 120_000);

it('what is measured later is the version that is served', async () => {
  const { status } = await client.measured('served');
  expect(status).toBe('measured');
}, 60_000);

it('a version that cannot be served is told once, and the one before goes on', async () => {
  const before = await served();
  const other = await makeIndex(root, 'damaged');
  const model = join(other, 'model.safetensors');
  await writeFile(model, (await readFile(model)).subarray(0, 1000));
  await replaceWith(other);
  await vi.waitFor(() => expect(warnings.length).toBeGreaterThan(0), 30_000);
  await search(Uint8Array.from(await circle(2, 1)));
  expect(await served()).toEqual(before);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/was replaced, and the version that is there now cannot be served: .*model\.safetensors/);

  // The next one is looked at again.
  const sound = await makeIndex(root, 'sound');
  const version = await versionOf(sound);
  await replaceWith(sound);
  await vi.waitFor(async () => expect(await served()).toMatchObject({ version, catalogue: 18 }), 30_000);
}, 120_000);
