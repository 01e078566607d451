import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readIndexManifest } from '../artifact/manifest.ts';
import { type NeurodexClient, neurodexClient } from './client.ts';
import { measureApart } from './measure.ts';
import { reportDesk } from './report-desk.ts';
import { circle, makeIndex, serveForTest } from './served.fixture.ts';
import type { Serving } from './start-server.ts';

/** An index of which another takes the name while it is served. */
let root = '';
let index = '';
let digest = '';
let server: Serving;
let client: NeurodexClient;
const faults: unknown[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-replaced-'));
  index = await makeIndex(root, 'served');
  digest = (await readIndexManifest(index)).digest;
  server = await serveForTest([index], {
    digests: [digest],
    reports: reportDesk(
      measureApart(() => ({ folder: index, digest }), 'cpu'),
      (error) => void faults.push(error),
    ),
  });
  client = neurodexClient({ server: server.address });
}, 120_000);
afterAll(async () => {
  await server.stop();
  await rm(root, { recursive: true });
});

it('pictures and answers stay those of the version that was opened; what is opened later is refused', async () => {
  const picture = async (row: number) => {
    const response = await fetch(`${server.address}/v1/pictures/served.${row}`);
    expect(response.status).toBe(200);
    return Buffer.from(await response.arrayBuffer());
  };
  const search = async () => {
    const query = Uint8Array.from(await circle(1, 3));
    const { results } = await client.search(query, { k: 4, system: ['dsi', 'pixels'] });
    return results.map(({ answers }) => answers);
  };
  const before = await search();
  const pictures = [await picture(0), await picture(20)];

  const other = await makeIndex(root, 'another', { classes: false });
  await rename(index, join(root, 'old'));
  await rename(other, index);
  await rm(join(root, 'old'), { recursive: true });

  expect(await search()).toEqual(before);
  expect(await picture(0)).toEqual(pictures[0]);
  expect(await picture(20)).toEqual(pictures[1]);
  // One that was not read before.
  expect((await picture(7)).subarray(1, 4).toString()).toBe('PNG');

  await expect(client.measured('served')).rejects.toMatchObject({
    code: 'report-failed',
    message: expect.stringContaining('the index was replaced since this server started'),
  });
  expect(faults).toMatchObject([{ code: 'index-replaced', message: expect.stringContaining(index) }]);
  // A process of the same server that has to be started again.
  await expect(serveForTest([index], { digests: [digest] })).rejects.toMatchObject({ code: 'index-replaced' });
}, 120_000);
