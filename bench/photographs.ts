import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { errorMessage } from '@neurodex/core';

const run = promisify(execFile);

/**
 * Debian's package of stamps for Tux Paint: objects cut out of photographs, in folders by kind. Copyright 2002–2022 Bill Kendrick and
 * contributors, GPL-2 (its debian/copyright).
 */
export const STAMPS = {
  package: 'tuxpaint-stamps-default',
  version: '2022.06.04-1',
  sha256: '6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34',
  licence: 'GPL-2',
  /** Where it puts them. */
  folder: 'usr/share/tuxpaint/stamps',
} as const;

/**
 * Classes: folders of the package with four photographs or more, by the package's own names, folders below them not included.
 * Left out are what the package itself calls `cartoon` and `symbols`, and folders in which drawings and photographs lie
 * side by side (clothes, hats, road signs, seasonal, people, space), or that are kinds of nothing in particular (household, mammals).
 */
const CLASSES = [
  'animals/birds',
  'animals/fish',
  'animals/insects',
  'animals/mammals/aquatic',
  'animals/mammals/bovines',
  'animals/mammals/cats',
  'animals/mammals/deer',
  'animals/mammals/equines',
  'animals/mammals/rodents',
  'food/fruit',
  'food/nuts',
  'food/vegetables',
  'hobbies/music/string',
  'household/tools',
  'military/vehicles',
  'plants/flowers',
  'plants/trees',
  'sports',
  'vehicles/auto',
] as const;

/** Drawings in those folders. */
const DRAWINGS: ReadonlySet<string> = new Set([
  'animals/insects/bee.png',
  'plants/trees/holly_leaves.png',
  'sports/rugby_goal_posts.png',
]);

/** SHA-256 over the names and bytes of all photographs, in order: what figures of this benchmark are about. */
const DIGEST = 'd694aea3ede8dba42e8db9a998754b34676630780a2d273c71075c5f56e66f84';

export interface Photographs {
  /** A folder for each class. */
  readonly folder: string;
  readonly classes: number;
  readonly count: number;
}

/** The photographs as a folder of classes, made once, or why there are none. @param work folder for the package and its pictures */
export async function photographsOfDebian(work: string): Promise<Photographs | { readonly missing: string }> {
  const folder = join(work, 'pictures');
  try {
    if (!existsSync(folder)) await copyPhotographs(await stampsFolder(work), folder);
  } catch (error) {
    const how = `apt-get install ${STAMPS.package}, or put its .deb into ${work}`;
    return { missing: `the photographs of Debian's ${STAMPS.package} are not here (${how}): ${errorMessage(error)}` };
  }
  const { digest, count } = await digestOf(folder);
  if (digest !== DIGEST)
    return { missing: `${folder} holds other photographs than those of ${STAMPS.package} ${STAMPS.version}` };
  return { folder, classes: CLASSES.length, count };
}

/** Where the package is installed, or else where it is unpacked below `work`. */
async function stampsFolder(work: string): Promise<string> {
  const installed = join('/', STAMPS.folder);
  if (existsSync(installed)) return installed;
  await mkdir(work, { recursive: true });
  const file = join(work, `${STAMPS.package}_${STAMPS.version}_all.deb`);
  if (!existsSync(file)) await run('apt-get', ['download', `${STAMPS.package}=${STAMPS.version}`], { cwd: work });
  const sha256 = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  if (sha256 !== STAMPS.sha256) throw new Error(`${file} has the SHA-256 ${sha256}, not ${STAMPS.sha256}`);
  const unpacked = join(work, 'package');
  if (!existsSync(unpacked)) {
    const partial = await mkdtemp(join(work, 'package-'));
    await run('dpkg-deb', ['--extract', file, partial]);
    await rename(partial, unpacked);
  }
  return join(unpacked, STAMPS.folder);
}

async function copyPhotographs(stamps: string, folder: string): Promise<void> {
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  for (const name of CLASSES) {
    const place = join(partial, name.replaceAll('/', '-'));
    await mkdir(place, { recursive: true });
    const files = (await readdir(join(stamps, name))).filter(
      (file) => file.endsWith('.png') && !/_(mirror|flip)\.png$/.test(file),
    );
    for (const file of files) {
      if (!DRAWINGS.has(`${name}/${file}`)) await copyFile(join(stamps, name, file), join(place, file));
    }
  }
  await rename(partial, folder);
}

async function digestOf(folder: string): Promise<{ digest: string; count: number }> {
  const hash = createHash('sha256');
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.png')).sort();
  for (const file of files) hash.update(basename(file)).update(await readFile(join(folder, file)));
  return { digest: hash.digest('hex'), count: files.length };
}
