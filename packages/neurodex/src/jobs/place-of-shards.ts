import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import { INDEX_FILE, PLAN_FILE } from '../artifact/manifest.ts';

/** Whether what a user named holds an index in shards, and not one index. */
export async function isPlaceOfShards(name: string): Promise<boolean> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(name)) return true;
  const isThere = (file: string): Promise<boolean> =>
    stat(join(name, file)).then(
      () => true,
      () => false,
    );
  return !(await isThere(INDEX_FILE)) && (await isThere(PLAN_FILE));
}

/** Where a number of shards is given for what has none. */
export const notInShards = (folder: string): NeurodexError =>
  new NeurodexError('usage', `${folder} is one index, and no index in shards`, {
    hint: 'leave --shards out',
    details: { folder },
  });
