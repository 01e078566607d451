import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '@neurodex/core/storage';
import { RUN_LOG } from '@neurodex/tracking';
import type { CatalogueManifest } from '../artifact/catalogue-manifest.ts';
import type { IndexManifest } from '../artifact/manifest.ts';
import { ORIGIN_FILE, withoutPictures } from '../build/origin.ts';

/** What an index says in places other than its tables. */
export interface Descriptions {
  readonly index: IndexManifest;
  readonly catalogue: CatalogueManifest;
}

/**
 * What an index says where it is not a table of pictures, without the names of some pictures: the list of what was left out, the
 * examples of copies, the run log, and what the index was made of.
 * @param paths of pictures that are removed @returns the descriptions of the next version, and its run log where it changes
 */
export async function eraseTraces(
  folder: string,
  { index, catalogue }: Descriptions,
  paths: readonly string[],
): Promise<{ readonly facts: Descriptions; readonly log: string | undefined }> {
  // The graph of approximate search is of the pictures that were there when it was made.
  const { neighbours: _, ...bovw } = index.bovw ?? {};
  const facts = {
    index: index.bovw === undefined ? index : { ...index, bovw: bovw as NonNullable<IndexManifest['bovw']> },
    catalogue,
  };
  if (paths.length === 0) return { facts, log: undefined };
  const names = new Set(paths);
  await eraseOrigin(folder, names);
  const { duplicates } = catalogue;
  const without: CatalogueManifest = {
    ...catalogue,
    skipped: catalogue.skipped.filter(({ path, reason }) => !names.has(path) && !mentions(reason, names)),
    ...(duplicates === undefined
      ? {}
      : {
          duplicates: {
            ...duplicates,
            examples: duplicates.examples.filter((group) => !group.some((path) => names.has(path))),
          },
        }),
  };
  const log = await withoutNames(folder, index, names);
  return {
    facts: { index: log === undefined ? facts.index : { ...facts.index, log: listed(log) }, catalogue: without },
    log,
  };
}

const listed = (text: string) => ({
  file: RUN_LOG as typeof RUN_LOG,
  bytes: Buffer.byteLength(text),
  sha256: createHash('sha256').update(text).digest('hex'),
});

/** The run log without the lines that name a picture; undefined where none does. */
async function withoutNames(
  folder: string,
  { log }: IndexManifest,
  names: ReadonlySet<string>,
): Promise<string | undefined> {
  if (log === undefined) return undefined;
  const text = await readFile(join(folder, log.file), 'utf8');
  const quoted = new Set([...names].map((name) => JSON.stringify(name).slice(1, -1)));
  const lines = text.split('\n');
  const kept = lines.filter((line) => NUMBERS_ONLY.test(line) || !mentions(line, quoted));
  return kept.length === lines.length ? undefined : kept.join('\n');
}

/** Most of a run log, and without a name of any picture. */
const NUMBERS_ONLY = /^\{"kind":"(step|validation)"/;

function mentions(text: string, names: ReadonlySet<string>): boolean {
  for (const name of names) if (text.includes(name)) return true;
  return false;
}

async function eraseOrigin(folder: string, names: ReadonlySet<string>): Promise<void> {
  const path = join(folder, ORIGIN_FILE);
  if (!existsSync(path)) return;
  const text = withoutPictures(await readFile(path, 'utf8'), names);
  if (text !== undefined) await replaceFile(path, text);
}
