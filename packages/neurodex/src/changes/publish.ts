import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  recoverNext,
  removeTorn,
  replaceFile,
  settleNext,
  syncFolder,
  writeFileList,
  writeNext,
} from '@neurodex/core/storage';
import { RUN_LOG } from '@neurodex/tracking';
import {
  type CatalogueManifest,
  filesOf,
  MANIFEST_FILE,
  manifestText,
  readManifest,
} from '../artifact/catalogue-manifest.ts';
import {
  CATALOGUE_FOLDER,
  INDEX_FILE,
  type IndexManifest,
  MODEL_FILE,
  NEIGHBOURS_FILE,
  readIndexManifest,
  sealIndex,
} from '../artifact/manifest.ts';
import { isPartFile } from '../artifact/part-writer.ts';

/** What an index says of itself but for its catalogue and the digest of it all. */
export type IndexFacts = Omit<IndexManifest, 'catalogue' | 'digest'>;

/** Files beside the catalogue that have other contents in the new version, by name. */
export type NewContents = { readonly [Name in ChangedFile]?: string | Uint8Array };
type ChangedFile = typeof RUN_LOG | typeof MODEL_FILE | typeof NEIGHBOURS_FILE;

/**
 * Makes a catalogue, whose parts are on the disk, the one that the index lists. The step from the old version to the new one is
 * the rename of index.json: a process that is killed before it leaves the old one, and after it the new one. Files that the new
 * version does not list are deleted.
 * @returns the manifest of the new version @throws NeurodexError `disk-full`, `output-unwritable`
 */
export async function publish(
  folder: string,
  catalogue: CatalogueManifest,
  facts: IndexFacts,
  contents: NewContents = {},
): Promise<IndexManifest> {
  const within = join(folder, CATALOGUE_FOLDER);
  const text = manifestText(catalogue);
  const bytes = Buffer.byteLength(text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  await writeNext(join(within, MANIFEST_FILE), text);
  for (const [name, content] of Object.entries(contents)) await writeNext(join(folder, name), content);
  await syncFolder(within);
  const { manifest, text: index } = sealIndex(facts, { bytes, sha256 });
  await replaceFile(join(folder, INDEX_FILE), index);
  await syncFolder(folder);
  await settleNext(join(within, MANIFEST_FILE));
  for (const name of Object.keys(contents)) await settleNext(join(folder, name));
  await removeUnlisted(folder, manifest, catalogue);
  await writeFileList(folder);
  return manifest;
}

/**
 * Puts an index in order whose last change was cut off: a manifest that is listed gets its name, one that is not is deleted, and
 * so are files that no manifest lists.
 * @throws NeurodexError `index-missing`, `index-damaged`
 */
export async function recover(folder: string): Promise<void> {
  const within = join(folder, CATALOGUE_FOLDER);
  const index = await readIndexManifest(folder);
  await removeTorn(join(folder, INDEX_FILE));
  await recoverNext(join(within, MANIFEST_FILE), index.catalogue);
  await recoverNext(join(folder, RUN_LOG), index.log);
  await recoverNext(join(folder, MODEL_FILE), index.model);
  await recoverNext(join(folder, NEIGHBOURS_FILE), index.bovw?.neighbours);
  await removeUnlisted(folder, index, await readManifest(within, index.catalogue));
}

async function removeUnlisted(folder: string, { bovw }: IndexManifest, catalogue: CatalogueManifest): Promise<void> {
  if (bovw?.neighbours === undefined) await rm(join(folder, NEIGHBOURS_FILE), { force: true });
  const within = join(folder, CATALOGUE_FOLDER);
  const listed = new Set(filesOf(catalogue).map(({ file }) => file));
  for (const name of await readdir(within)) {
    if (isPartFile(name) && !listed.has(name)) await rm(join(within, name), { force: true });
  }
}
