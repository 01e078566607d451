import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openFolder } from '@neurodex/datasets';
import { type Growth, newPictures } from './living-changes.ts';
import { type Load, load, type Server, start } from './serve-load.ts';
import { median } from './statistics.ts';

const CONNECTIONS = 64;
const ADDED = 1000;
/** Pictures of a request: the server answers when they can be found, so that single ones would take their time under load. */
const TOGETHER = 50;
const SECONDS = 10;
const REMOVED = 10;
const TOKEN = 'bench';

/** Searches over many connections while nothing happens, and while pictures are added; and how soon a removed picture is gone. */
export async function serveWhileAdding(index: string, growth: Growth) {
  const queries = (await openFolder(growth.before)).pictures.filter(({ role }) => role === 'test').slice(0, 256);
  const pictures = await Promise.all(queries.map(async ({ read }) => Buffer.from(await read())));
  const fresh = (await newPictures(growth)).slice(0, ADDED);
  const server = await start(index, 1, ['--write-token', TOKEN]);
  try {
    await load(server, CONNECTIONS, 2, pictures);
    const idle = await load(server, CONNECTIONS, SECONDS, pictures);
    const began = performance.now();
    let done = false;
    const adding: Load[] = [];
    const searches = (async () => {
      while (!done) adding.push(await load(server, CONNECTIONS, SECONDS, pictures, { lenient: true }));
    })();
    const ids = await post(
      server,
      growth,
      fresh.map(({ path }) => path),
    );
    const seconds = (performance.now() - began) / 1000;
    done = true;
    await searches;
    return {
      idle,
      adding: {
        p50: median(adding.map(({ p50 }) => p50)),
        p99: median(adding.map(({ p99 }) => p99)),
        rounds: adding.length,
      },
      failed: adding.reduce((sum, { failed }) => sum + failed, 0),
      secondsToAdd: seconds,
      hiddenMilliseconds: await untilHidden(server, growth, ids),
    };
  } finally {
    await server.stop();
  }
}

/** @returns ids by path */
async function post({ address }: Server, { after }: Growth, paths: readonly string[]): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  for (let start = 0; start < paths.length; start += TOGETHER) {
    const form = new FormData();
    const sent = new Map<string, string>();
    for (const path of paths.slice(start, start + TOGETHER)) {
      sent.set(basename(path), path);
      form.append('picture', new Blob([await readFile(join(after, path))], { type: 'image/png' }), basename(path));
    }
    const response = await fetch(`${address}/v1/indexes/${INDEX}/pictures`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body: form,
    });
    const answer = (await response.json()) as {
      readonly added?: readonly { readonly id: string; readonly name: string }[];
    };
    if (response.status !== 201) throw new Error(`${response.status} ${JSON.stringify(answer)}`);
    for (const { id, name } of answer.added ?? []) ids.set(sent.get(name) ?? name, numberOf(id));
  }
  return ids;
}

interface Found {
  readonly results: readonly { readonly answers: readonly { readonly picture: { readonly id: string } }[] }[];
}

/** `photos.17` → 17 */
const numberOf = (id: string | number): number => Number(String(id).split('.').at(-1));

/** The folder's name is the id of the index. */
const INDEX = 'served';

/** Median milliseconds from a removal until a search that is sent does not return the picture any more. */
async function untilHidden({ address }: Server, { after }: Growth, ids: ReadonlyMap<string, number>): Promise<number> {
  const times: number[] = [];
  for (const [path, id] of [...ids].slice(0, REMOVED)) {
    const body = await readFile(join(after, path));
    const finds = async (): Promise<boolean> => {
      const response = await fetch(`${address}/v1/search?system=dsi&k=10&index=${INDEX}`, {
        method: 'POST',
        headers: { 'content-type': 'image/png' },
        body,
      });
      const { results } = (await response.json()) as Found;
      return results.some(({ answers }) => answers.some(({ picture }) => numberOf(picture.id) === id));
    };
    if (!(await finds())) throw new Error(`${path} was added, and is not found`);
    const began = performance.now();
    const removing = fetch(`${address}/v1/indexes/${INDEX}/pictures/${id}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    for (;;) {
      const asked = performance.now();
      if (await finds()) continue;
      times.push(asked - began);
      break;
    }
    const { status } = await removing;
    if (status !== 200) throw new Error(`${path} was not removed: ${status}`);
  }
  return median(times);
}
