import { threadsFrom } from '@neurodex/core';
import { coreLimit, memoryLimit } from '../container-limits.ts';
import { type Finding, fine, inBytes, problem, warning } from '../finding.ts';
import type { Machine } from '../machine.ts';

/** Bytes of memory with which the default preset trains a small index. */
const LITTLE_MEMORY = 2 * 2 ** 30;
/** Bytes of disk that a data set and an index may take. */
const LITTLE_DISK = 5 * 2 ** 30;
/** Files that a build and a server have open, with room. */
const FEW_FILES = 1024;

export async function checkProcessor(machine: Machine): Promise<Finding[]> {
  const limit = await coreLimit(machine);
  const { threads: cores } = machine;
  const threads = computing(machine);
  const facts = { threads, coreLimit: limit ?? null };
  if (limit === undefined || threads <= Math.ceil(limit)) {
    const within = limit === undefined ? '' : `, of which it may use ${Number(limit.toFixed(2))}`;
    const given = threads === cores ? '' : `; NEURODEX_THREADS: ${threads}`;
    return [fine('processor', `${cores} ${cores === 1 ? 'core' : 'cores'}${within}${given}`, facts)];
  }
  const told = `${threads} threads compute, and the limit of the container is ${Number(limit.toFixed(2))} cores: they wait for each other`;
  const hint = `set NEURODEX_THREADS to ${Math.ceil(limit)}, or pin it to whole cores (a cpuset)`;
  return [warning('processor', told, hint, facts)];
}

/** Threads that compute one operation. A number that cannot be used is told with the environment. */
function computing({ environment, threads }: Machine): number {
  try {
    return threadsFrom(environment) ?? threads;
  } catch {
    return threads;
  }
}

export async function checkMemory(machine: Machine): Promise<Finding[]> {
  const limit = await memoryLimit(machine);
  const usable = Math.min(machine.memory, limit ?? Number.POSITIVE_INFINITY);
  const facts = { bytes: machine.memory, limit: limit ?? null };
  const told =
    limit === undefined || limit >= machine.memory
      ? inBytes(machine.memory)
      : `${inBytes(limit)}, the limit of the container, of ${inBytes(machine.memory)}`;
  return usable < LITTLE_MEMORY
    ? [warning('memory', `${told} is little: the system may end builds`, 'give it 2 GiB or more', facts)]
    : [fine('memory', told, facts)];
}

export async function checkOpenFiles(machine: Machine): Promise<Finding[]> {
  const limit = await machine.openFiles();
  if (limit === undefined) return [fine('files', 'no limit of open files is known', { limit: null })];
  const told = `${limit} files may be open at one time`;
  return limit < FEW_FILES
    ? [warning('files', `only ${told}`, 'allow more of them: ulimit -n 4096', { limit })]
    : [fine('files', told, { limit })];
}

/** The cache and the folder for temporary files: whether they can be written, and what room there is. */
export async function checkFolders(machine: Machine): Promise<Finding[]> {
  const { cacheFolder, temporaryFolder } = machine;
  const size = await machine.sizeOf(cacheFolder);
  const cached =
    size === undefined
      ? 'is not there yet'
      : `has ${size.isWhole ? '' : 'more than '}${inBytes(size.bytes)} in ${size.files} ${size.files === 1 ? 'file' : 'files'}`;
  const facts = { bytes: size?.bytes ?? null, files: size?.files ?? null };
  return [
    await checkFolder(machine, {
      ...{ name: 'cache', folder: cacheFolder, told: `${cacheFolder} ${cached}`, facts },
      hint: 'set NEURODEX_CACHE to a folder that you may write to',
    }),
    await checkFolder(machine, {
      ...{ name: 'temporary', folder: temporaryFolder, told: temporaryFolder, facts: {} },
      hint: `set ${machine.platform === 'win32' ? 'TEMP' : 'TMPDIR'} to a folder that you may write to`,
    }),
  ];
}

interface Folder {
  readonly name: string;
  readonly folder: string;
  readonly told: string;
  /** Where it cannot be written. */
  readonly hint: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

async function checkFolder(machine: Machine, { name, folder, told, hint, facts: own }: Folder): Promise<Finding> {
  const [reason, free] = [await machine.whyUnwritable(folder), await machine.freeDisk(folder)];
  const facts = { folder, ...own, writable: reason === undefined, free: free ?? null };
  if (reason !== undefined) return problem(name, `${told}, and cannot be written: ${reason}`, hint, facts);
  if (free === undefined) return fine(name, told, facts);
  return free < LITTLE_DISK
    ? warning(
        name,
        `${told}; only ${inBytes(free)} are free on its disk`,
        'free some space, or choose another disk',
        facts,
      )
    : fine(name, `${told}; ${inBytes(free)} are free on its disk`, facts);
}
