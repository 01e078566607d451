import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, isRecord } from '@neurodex/core';
import { makeFolder, renamePath } from '@neurodex/core/storage';

/** Whether the rest of a file still belongs to what is here: the server's ETag (strong) or date of the last change. */
export interface Source {
  readonly url: string;
  readonly validator?: string;
}

const SOURCE_FILE = 'source.json';
/** Milliseconds between two signs of life, and after how many without one an owner is taken for dead. */
const HEARTBEAT = 5000;
const DEAD_AFTER = 30_000;
/** Milliseconds in which one that began in the same moment looks around and goes. */
const MOMENT = 100;

const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
/** Folders of this process that are in work. */
const own = new Set<string>();

/**
 * A file on its way into the cache: the folder `<goal>.part-<host>-<pid>-<random>` with the file and source.json, renamed
 * to `<goal>` when it is whole. The name says who works on it. What a dead process left is taken over by a rename, which
 * only one can win, and gone on with.
 */
export class PartialFile {
  private folder: string;
  private readonly goal: string;
  private readonly name: string;
  private readonly pulse: NodeJS.Timeout;
  private source: Source | undefined;

  private constructor(goal: string, name: string, folder: string, source: Source | undefined) {
    this.goal = goal;
    this.name = name;
    this.folder = folder;
    this.source = source;
    this.pulse = setInterval(() => void utimes(this.folder, new Date(), new Date()).catch(() => {}), HEARTBEAT);
    this.pulse.unref();
  }

  /**
   * The file to go on with, or a new one.
   * @returns undefined while another process works on it
   */
  static async claim(goal: string, name: string, source: Source): Promise<PartialFile | undefined> {
    await makeFolder(dirname(goal));
    const mine = `${goal}.part-${host}-${process.pid}-${randomBytes(3).toString('hex')}`;
    own.add(mine);
    try {
      for (const other of await partials(goal)) {
        if (await isAlive(other)) return release(mine);
        if (!(await renamed(other, mine))) continue;
        await utimes(mine, new Date(), new Date());
        const found = await readSource(mine);
        if (found?.url === source.url) return new PartialFile(goal, name, mine, found);
        await rm(mine, { recursive: true, force: true });
      }
      await mkdir(mine);
      // Two that began in the same moment see each other here, and the first by name stays: the other goes at once. If it does
      // not, it had looked before this one was there.
      if (await hasOther(goal, (other) => other < mine)) return await withdraw(mine);
      if (await hasOther(goal, (other) => other > mine)) {
        await sleep(MOMENT);
        if (await hasOther(goal, (other) => other !== mine)) return await withdraw(mine);
      }
      return new PartialFile(goal, name, mine, undefined);
    } catch (error) {
      own.delete(mine);
      throw error;
    }
  }

  /** Where the bytes are until it is done. */
  get path(): string {
    return join(this.folder, this.name);
  }

  /** What `If-Range` may say, so that the server sends the rest only of this very file. */
  get validator(): string | undefined {
    return this.source?.validator;
  }

  /** Bytes that are here. */
  async size(): Promise<number> {
    return (await stat(this.path).catch(() => ({ size: 0 }))).size;
  }

  /** Open for writing; `from` 0 empties it. */
  async open(from: number, source: Source): Promise<FileHandle> {
    if (from === 0 || this.source === undefined) {
      this.source = source;
      await writeFile(join(this.folder, SOURCE_FILE), JSON.stringify(source));
    }
    return open(this.path, from === 0 ? 'w' : 'r+');
  }

  /** Throw the bytes away. */
  async empty(): Promise<void> {
    this.source = undefined;
    await rm(this.path, { force: true });
  }

  /** It is whole and verified. Somebody else's, put there meanwhile, is as good. */
  async finish(): Promise<void> {
    try {
      await renamePath(this.folder, this.goal);
    } catch (error) {
      if ((await cachedFile(this.goal, this.name)) === undefined) throw error;
      await rm(this.folder, { recursive: true, force: true });
    }
  }

  /** Done with, or given up: another may go on with what is here. Nothing at all is not kept. */
  async release(): Promise<void> {
    clearInterval(this.pulse);
    if ((await this.size()) === 0) await rm(this.folder, { recursive: true, force: true }).catch(() => {});
    own.delete(this.folder);
  }
}

/** The file in the folder `goal`, when it is there; with its size. */
export async function cachedFile(goal: string, name: string): Promise<{ path: string; bytes: number } | undefined> {
  const path = join(goal, name);
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? { path, bytes: found.size } : undefined;
}

/** Whether another process that lives works on the file, of those whose folders are meant. */
async function hasOther(goal: string, isMeant: (folder: string) => boolean): Promise<boolean> {
  for (const other of await partials(goal)) if (isMeant(other) && (await isAlive(other))) return true;
  return false;
}

async function withdraw(mine: string): Promise<undefined> {
  await rm(mine, { recursive: true, force: true });
  return release(mine);
}

function release(mine: string): undefined {
  own.delete(mine);
  return undefined;
}

async function partials(goal: string): Promise<string[]> {
  const prefix = `${basename(goal)}.part-`;
  const names = await readdir(dirname(goal));
  return names
    .filter((name) => name.startsWith(prefix))
    .sort()
    .map((name) => join(dirname(goal), name));
}

async function isAlive(folder: string): Promise<boolean> {
  const [, ownerHost, pid] = /\.part-([0-9a-f]+)-(\d+)-[0-9a-f]+$/.exec(folder) ?? [];
  if (ownerHost === host && Number(pid) === process.pid) return own.has(folder);
  const beat = (await stat(folder).catch(() => undefined))?.mtimeMs;
  if (beat === undefined || Date.now() - beat > DEAD_AFTER) return false;
  if (ownerHost !== host) return true;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await renamePath(from, to);
    return true;
  } catch (error) {
    // Another has taken it over, or thrown it away.
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

const isSource = (value: unknown): value is Source =>
  isRecord(value) && typeof value.url === 'string' && ['undefined', 'string'].includes(typeof value.validator);

async function readSource(folder: string): Promise<Source | undefined> {
  try {
    const source: unknown = JSON.parse(await readFile(join(folder, SOURCE_FILE), 'utf8'));
    return isSource(source) ? source : undefined;
  } catch {
    return undefined;
  }
}
