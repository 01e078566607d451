import { readFile } from 'node:fs/promises';
import { NeurodexError, silentReporter } from '@neurodex/core';
import { digestFile } from '@neurodex/core/storage';
import { ContentCache } from './cache/content-cache.ts';
import type { ContentDigest } from './content.ts';
import type { ObjectStore } from './object-store.ts';
import { openStore } from './open-store.ts';

/** What a process of its own does with a store, told by its parent; it answers with what it found. */
export type Task = { readonly place: string; readonly environment: Readonly<Record<string, string>> } & (
  | { readonly kind: 'count'; readonly key: string; readonly times: number }
  | { readonly kind: 'claim'; readonly keys: readonly string[]; readonly name: string }
  | {
      readonly kind: 'cache';
      readonly folder: string;
      readonly maxBytes: number;
      readonly objects: readonly ContentDigest[];
      /** Objects are left open, and the process stays. */
      readonly stays?: boolean;
    }
);

const decode = (content: Uint8Array): string => new TextDecoder().decode(content);

/** Adds one to the number in a record, as often as told, whoever else does. @returns how often another was first */
async function count(store: ObjectStore, key: string, times: number): Promise<number> {
  let lost = 0;
  for (let done = 0; done < times; ) {
    const found = await store.get(key);
    const value = found === undefined ? 0 : Number(decode(found.content));
    const condition = found === undefined ? 'absent' : { etag: found.etag };
    const { written } = await store.put(key, new TextEncoder().encode(`${value + 1}`), { condition });
    if (written) done++;
    else lost++;
  }
  return lost;
}

async function claim(store: ObjectStore, keys: readonly string[], name: string): Promise<string[]> {
  const won: string[] = [];
  for (const key of keys) {
    const { written } = await store.put(key, new TextEncoder().encode(name), { condition: 'absent' });
    if (written) won.push(key);
  }
  return won;
}

/** Opens objects one after another, and compares what is in their files. @returns how many were right */
async function use(store: ObjectStore, task: Task & { readonly kind: 'cache' }): Promise<number> {
  const cache = await ContentCache.open(task.folder, { maxBytes: task.maxBytes });
  let right = 0;
  for (const object of task.objects) {
    const opened = await openWhenThereIsRoom(cache, store, object);
    if ((await digestFile(opened.path)).sha256 === object.sha256) right++;
    await readFile(opened.path);
    if (!task.stays) await opened.release();
  }
  return right;
}

async function openWhenThereIsRoom(cache: ContentCache, store: ObjectStore, object: ContentDigest) {
  for (;;) {
    try {
      return await cache.open(store, object);
    } catch (error) {
      if (!(error instanceof NeurodexError) || error.code !== 'cache-full') throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

process.once('message', async (task: Task) => {
  const store = await openStore(task.place, { environment: task.environment, reporter: silentReporter, create: true });
  const answer =
    task.kind === 'count'
      ? await count(store, task.key, task.times)
      : task.kind === 'claim'
        ? await claim(store, task.keys, task.name)
        : await use(store, task);
  process.send?.(answer);
  if (task.kind === 'cache' && task.stays) setInterval(() => {}, 1000);
  else process.disconnect();
});
