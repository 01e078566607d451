import { execFile } from 'node:child_process';
import { access, constants, mkdtemp, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { errorCode, isRecord } from '@neurodex/core';
import { cacheFolder } from '@neurodex/datasets/names';
import { VERSION } from '../version.ts';
import type { Machine } from './machine.ts';
import { nativeParts } from './native-parts.ts';

/** Milliseconds in which the files of the cache are counted. */
const COUNTING = 5000;

/** The machine that the program runs on. */
export const thisMachine = (environment: Machine['environment']): Machine => ({
  version: VERSION,
  node: process.versions.node,
  platform: process.platform,
  architecture: process.arch,
  release: os.release(),
  libc: libcOf(process.platform, process.report.getReport()),
  environment,
  threads: os.availableParallelism(),
  memory: os.totalmem(),
  cacheFolder: cacheFolder(environment),
  temporaryFolder: os.tmpdir(),
  native: nativeParts,
  read,
  freeDisk,
  whyUnwritable,
  sizeOf,
  openFiles: () => openFilesOf(process.platform, { read, shell }),
  packageVersion,
});

/** By what Node reports of itself: it names glibc where it runs on it. */
export function libcOf(platform: NodeJS.Platform, report: unknown): Machine['libc'] {
  if (platform !== 'linux') return undefined;
  const header = isRecord(report) && isRecord(report.header) ? report.header : {};
  return 'glibcVersionRuntime' in header ? 'glibc' : 'musl';
}

const read = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);

const shell = async (command: string): Promise<string | undefined> =>
  promisify(execFile)('/bin/sh', ['-c', command]).then(
    ({ stdout }) => stdout,
    () => undefined,
  );

/** How each platform tells the limit: Linux by a file, macOS by a shell, which is given that of this process; Windows has none. */
export async function openFilesOf(
  platform: NodeJS.Platform,
  sources: { read(path: string): Promise<string | undefined>; shell(command: string): Promise<string | undefined> },
): Promise<number | undefined> {
  if (platform === 'win32') return undefined;
  const text =
    platform === 'linux'
      ? /^Max open files\s+(\S+)/m.exec((await sources.read('/proc/self/limits')) ?? '')?.[1]
      : await sources.shell('ulimit -n');
  const limit = Number(text?.trim() || Number.NaN);
  return Number.isFinite(limit) ? limit : undefined;
}

/** The nearest folder that is there, of a path and those above it. */
async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const isThere = await stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isThere || dirname(folder) === folder) return folder;
  }
}

async function freeDisk(path: string): Promise<number | undefined> {
  const { bavail, bsize } = await statfs(await nearestFolder(path)).catch(() => ({ bavail: Number.NaN, bsize: 0 }));
  return Number.isFinite(bavail) ? bavail * bsize : undefined;
}

async function whyUnwritable(folder: string): Promise<string | undefined> {
  const nearest = await nearestFolder(folder);
  try {
    const found = await stat(folder).catch(() => undefined);
    if (found !== undefined && !found.isDirectory()) return 'it is no folder';
    await access(nearest, constants.W_OK);
    // What is not there is not made only to be looked at.
    if (nearest !== folder) return undefined;
    const probe = await mkdtemp(join(folder, 'neurodex-doctor-'));
    try {
      await writeFile(join(probe, 'probe'), 'probe');
    } finally {
      await rm(probe, { recursive: true, force: true });
    }
    return undefined;
  } catch (error) {
    return `${nearest === folder ? '' : `${nearest}: `}${errorCode(error) ?? String(error)}`;
  }
}

async function sizeOf(folder: string): ReturnType<Machine['sizeOf']> {
  const deadline = performance.now() + COUNTING;
  let [bytes, files] = [0, 0];
  const waiting = [folder];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (performance.now() > deadline) return { bytes, files, isWhole: false };
    const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
    if (entries === undefined && path === folder) return undefined;
    for (const entry of entries ?? []) {
      const inner = join(path, entry.name);
      if (entry.isDirectory()) waiting.push(inner);
      else if (entry.isFile()) {
        bytes += await stat(inner).then(
          ({ size }) => size,
          () => 0,
        );
        files++;
      }
    }
  }
  return { bytes, files, isWhole: true };
}

/** As Node finds it from here. Its package.json need not be among what it exports. */
async function packageVersion(name: string): Promise<string | undefined> {
  for (const folder of createRequire(import.meta.url).resolve.paths(name) ?? []) {
    const text = await read(join(folder, name, 'package.json'));
    if (text === undefined) continue;
    const manifest: unknown = JSON.parse(text);
    return isRecord(manifest) ? String(manifest.version) : undefined;
  }
  return undefined;
}
