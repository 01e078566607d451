import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  changeFileList,
  readFileSizes,
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
  filesOfPart,
  MANIFEST_FILE,
  manifestText,
  readManifest,
} from '../artifact/catalogue-manifest.ts';
import {
  CATALOGUE_FILE,
  CATALOGUE_FOLDER,
  INDEX_FILE,
  type IndexManifest,
  MODEL_FILE,
  NEIGHBOURS_FILE,
  readIndexManifest,
  sealIndex,
} from '../artifact/manifest.ts';
import { isPartFile } from '../artifact/part-writer.ts';
import { RELEVANCE_FILE } from '../artifact/relevance-file.ts';

/** What an index says of itself but for its catalogue and the digest of it all. */
export type IndexFacts = Omit<IndexManifest, 'catalogue' | 'digest'>;

/** Files beside the catalogue that have other contents in the new version, by name. */
export type NewContents = { readonly [Name in ChangedFile]?: string | Uint8Array };
type ChangedFile = typeof RUN_LOG | typeof MODEL_FILE | typeof NEIGHBOURS_FILE | typeof RELEVANCE_FILE;

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
  const deleted = await removeUnlisted(folder, manifest, catalogue);
  // Parts that were there before are in the list; stating them all would take longer than the rest of a small change.
  const parts = catalogue.parts.flatMap(filesOfPart).map(({ file }) => `${CATALOGUE_FOLDER}/${file}`);
  const listed = new Set(((await readFileSizes(folder)) ?? []).map(({ file }) => file));
  const written = [INDEX_FILE, CATALOGUE_FILE, ...Object.keys(contents), ...parts.filter((file) => !listed.has(file))];
  await changeFileList(folder, { written, deleted });
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
  await recoverNext(join(folder, RELEVANCE_FILE), index.relevance);
  const deleted = await removeUnlisted(folder, index, await readManifest(within, index.catalogue));
  if (deleted.length > 0) await writeFileList(folder);
}

/** @returns the names of what was deleted */
async function removeUnlisted(
  folder: string,
  { bovw }: IndexManifest,
  catalogue: CatalogueManifest,
): Promise<string[]> {
  const deleted: string[] = [];
  if (bovw?.neighbours === undefined && existsSync(join(folder, NEIGHBOURS_FILE))) {
    await rm(join(folder, NEIGHBOURS_FILE), { force: true });
    deleted.push(NEIGHBOURS_FILE);
  }
  const within = join(folder, CATALOGUE_FOLDER);
  const listed = new Set(filesOf(catalogue).map(({ file }) => file));
  for (const name of await readdir(within)) {
    if (!isPartFile(name) || listed.has(name)) continue;
    await rm(join(within, name), { force: true });
    deleted.push(`${CATALOGUE_FOLDER}/${name}`);
  }
  return deleted;
}
