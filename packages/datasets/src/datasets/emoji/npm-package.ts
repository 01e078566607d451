import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { access, mkdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { errorCode, errorMessage, fromFileSystem, NeurodexError } from '@neurodex/core';
import { makeFolder, removeStale, renamePath, Temporary } from '@neurodex/core/storage';
import { extract } from 'tar';
import * as z from 'zod';
import { cacheFolder } from '../cache.ts';

/** An npm package at one version, with the hash that its archive must have. */
export interface PinnedPackage {
  /** In the registry. */
  readonly name: string;
  /** Exactly this one. */
  readonly version: string;
  /** `dist.integrity` of the registry: sha512- and the digest in base64. */
  readonly integrity: string;
  /** Files that are needed, relative to the package; nothing else is unpacked. */
  readonly files: readonly string[];
  /** What npm is asked for instead of name@version, e.g. a folder; the integrity holds all the same. */
  readonly spec?: string;
}

export interface FetchOptions {
  /** Where downloads are kept. */
  readonly cache?: string;
  /** The npm program with its first arguments. */
  readonly npm?: readonly [program: string, ...first: string[]];
  readonly signal?: AbortSignal;
}

function unavailable(pinned: PinnedPackage, what: string, hint: string, cause?: unknown): NeurodexError {
  const name = `${pinned.name}@${pinned.version}`;
  return new NeurodexError('package-unavailable', `the npm package ${name} ${what}`, {
    hint,
    details: { package: name },
    cause,
  });
}

const NETWORK_HINT =
  'check the network and the registry and proxy settings of npm (npm config list); what was fetched once works offline';

/**
 * npm as a program to start without a shell. Under npx or `npm run` it is the npm that runs; on Windows it is npm's own
 * script beside node, because npm.cmd cannot be started without a shell.
 */
function findNpm(): readonly [string, ...string[]] {
  const running = process.env.npm_execpath;
  if (running !== undefined && basename(running) === 'npm-cli.js' && existsSync(running)) {
    return [process.execPath, running];
  }
  if (process.platform !== 'win32') return ['npm'];
  return [process.execPath, join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js')];
}

const refusalSchema = z.object({ error: z.object({ summary: z.string() }) });
const fileSchema = z.object({ filename: z.string() });
/** npm 7 to 11 answer with a list of one, later ones with an object by name. */
const packedSchema = z.union([z.array(fileSchema), z.record(z.string(), fileSchema)]);

/** What npm has to say for itself: the summary of its JSON answer, else the first line on stderr that is a sentence. */
export function npmComplaint(stdout: string, stderr: string): string {
  try {
    const { error } = refusalSchema.parse(JSON.parse(stdout));
    const summary = error.summary.split('\n')[0]?.trim();
    if (summary) return summary;
  } catch {
    // npm died before it could answer in JSON.
  }
  const lines = stderr.split(/\r?\n/).filter((line) => !/^npm\s+(warn|notice)/i.test(line));
  const sentences = lines
    .map((line) => line.replace(/^npm\s+(error|ERR!)\s*/i, '').trim())
    .filter((line) => line !== '' && !/^(code|errno|syscall|path|A complete log)\b/.test(line));
  return sentences[0] ?? 'npm gave no reason';
}

/** Runs `npm pack` with the user's own settings; returns the archive's path. */
async function pack(pinned: PinnedPackage, folder: string, options: FetchOptions): Promise<string> {
  const [program, ...first] = options.npm ?? findNpm();
  const spec = pinned.spec ?? `${pinned.name}@${pinned.version}`;
  const child = spawn(program, [...first, 'pack', spec, '--json', '--ignore-scripts', '--pack-destination', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const status = await new Promise<number | null>((done, failed) => {
    child.once('error', failed);
    child.once('close', done);
  }).catch((error: unknown) => {
    if (options.signal?.aborted)
      throw new NeurodexError('interrupted', 'the download was interrupted', { cause: error });
    const what = `cannot be fetched: npm could not be started (${errorCode(error) ?? error})`;
    throw unavailable(pinned, what, 'install npm, which comes with Node.js, and put it on the PATH', error);
  });
  if (status !== 0) throw unavailable(pinned, `cannot be fetched: ${npmComplaint(stdout, stderr)}`, NETWORK_HINT);
  try {
    const answer = Object.values(packedSchema.parse(JSON.parse(stdout)))[0];
    if (answer === undefined) throw new Error('an empty answer');
    return join(folder, basename(answer.filename));
  } catch (error) {
    throw unavailable(pinned, 'cannot be fetched: npm pack gave an answer that is not understood', 'update npm', error);
  }
}

async function verify(pinned: PinnedPackage, archive: string): Promise<void> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(archive), hash);
  const found = `sha512-${hash.digest('base64')}`;
  if (found === pinned.integrity) return;
  throw unavailable(
    pinned,
    `is not what it should be: its integrity is ${found}, expected ${pinned.integrity}`,
    'the registry in use serves other contents than the public one; use another registry',
  );
}

/** Unpacks the needed files and nothing else; links and paths that lead out of the folder are never written. */
async function unpack(pinned: PinnedPackage, archive: string, folder: string): Promise<void> {
  const wanted = new Set(pinned.files);
  const refused: string[] = [];
  await mkdir(folder);
  await extract({
    file: archive,
    cwd: folder,
    strip: 1,
    strict: true,
    filter: (path, entry) => {
      const parts = path.split('/');
      if (!wanted.has(parts.slice(1).join('/')) || parts.includes('..')) return false;
      const isFile = 'type' in entry && (entry.type === 'File' || entry.type === 'OldFile');
      if (!isFile) refused.push(path);
      return isFile;
    },
  });
  if (refused.length > 0) throw new Error(`${refused.join(', ')} is not a regular file`);
  for (const file of pinned.files) {
    if (!(await isFile(join(folder, file)))) throw new Error(`${file} is missing`);
  }
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

async function isComplete(folder: string, files: readonly string[]): Promise<boolean> {
  const found = await Promise.all(files.map((file) => isFile(join(folder, file))));
  return found.every((present) => present);
}

/** Where a package lies in the cache; another pin is another folder. */
export function packageFolder(pinned: PinnedPackage, cache: string): string {
  const digest = createHash('sha256').update(pinned.integrity).update(pinned.files.join('\n')).digest('hex');
  return join(cache, 'packages', `${pinned.name.replace('/', '+')}@${pinned.version}-${digest.slice(0, 12)}`);
}

/** Whether `fetchPackage` will not have to ask npm. */
export const isCached = (pinned: PinnedPackage, cache: string = cacheFolder()): Promise<boolean> =>
  isComplete(packageFolder(pinned, cache), pinned.files);

/**
 * The folder with a package's files: from the cache, or else fetched by `npm pack`, so that the user's own registry, proxy
 * and credentials hold, checked against its integrity, and unpacked under a temporary name first.
 * @throws NeurodexError package-unavailable, output-unwritable, disk-full, interrupted
 */
export async function fetchPackage(pinned: PinnedPackage, options: FetchOptions = {}): Promise<string> {
  const cache = options.cache ?? cacheFolder();
  const folder = packageFolder(pinned, cache);
  if (await isComplete(folder, pinned.files)) return folder;
  let temporary: Temporary;
  try {
    await makeFolder(dirname(folder));
    await removeStale(folder);
    temporary = await Temporary.beside(folder);
  } catch (error) {
    throw fromFileSystem(error, dirname(folder));
  }
  const work = temporary.folder;
  try {
    const archive = await pack(pinned, work, options);
    await access(archive);
    await verify(pinned, archive);
    const unpacked = join(work, 'package');
    await unpack(pinned, archive, unpacked);
    await place(unpacked, folder, pinned.files);
    return folder;
  } catch (error) {
    const known = fromFileSystem(error, folder);
    if (known instanceof NeurodexError) throw known;
    const reason = /^(TAR_|Z_)/.test(errorCode(error) ?? '') ? 'its archive is damaged' : errorMessage(error);
    throw unavailable(pinned, `cannot be unpacked: ${reason}`, 'try again; if it persists, report it', error);
  } finally {
    await temporary.remove();
  }
}

/** Renames into the cache. Somebody else may have put the same package there meanwhile, or half of one may be left. */
async function place(unpacked: string, folder: string, files: readonly string[]): Promise<void> {
  try {
    await renamePath(unpacked, folder);
  } catch (error) {
    if (await isComplete(folder, files)) return;
    if (!existsSync(folder)) throw error;
    await rm(folder, { recursive: true, force: true });
    await renamePath(unpacked, folder);
  }
}
