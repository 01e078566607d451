import { posix } from 'node:path';
import type { Machine } from './machine.ts';

/** What control groups of Linux allow a process: those of containers, of services and of batch systems. */

const ROOT = '/sys/fs/cgroup';
/** Version 1 writes "no limit" as the largest multiple of a page. */
const UNLIMITED = 2 ** 60;

type Reading = Pick<Machine, 'platform' | 'read'>;

/** Cores, also parts of one; undefined without a limit. */
export async function coreLimit(machine: Reading): Promise<number | undefined> {
  const groups = await groupsOf(machine);
  const limits: number[] = [];
  for (const folder of groups.unified) {
    const [quota = '', period = ''] = (await machine.read(`${folder}/cpu.max`))?.trim().split(/\s+/) ?? [];
    limits.push(Number(quota) / Number(period));
  }
  for (const folder of groups.of('cpu')) {
    const quota = Number((await machine.read(`${folder}/cpu.cfs_quota_us`)) ?? Number.NaN);
    limits.push(quota / Number((await machine.read(`${folder}/cpu.cfs_period_us`)) ?? Number.NaN));
  }
  return least(limits);
}

/** Bytes; undefined without a limit. */
export async function memoryLimit(machine: Reading): Promise<number | undefined> {
  const groups = await groupsOf(machine);
  const files = [
    ...groups.unified.map((folder) => `${folder}/memory.max`),
    ...groups.of('memory').map((folder) => `${folder}/memory.limit_in_bytes`),
  ];
  const limits: number[] = [];
  for (const file of files) limits.push(Number((await machine.read(file)) ?? Number.NaN));
  return least(limits);
}

/** Without what is no limit: `max`, −1, and files that are not there. */
function least(limits: readonly number[]): number | undefined {
  const found = limits.filter((limit) => Number.isFinite(limit) && limit > 0 && limit < UNLIMITED);
  return found.length === 0 ? undefined : Math.min(...found);
}

interface Groups {
  /** Folders of version 2, from the own group up. */
  readonly unified: readonly string[];
  /** Folders of a controller of version 1, from the own group up. */
  of(controller: string): readonly string[];
}

async function groupsOf({ platform, read }: Reading): Promise<Groups> {
  if (platform !== 'linux') return { unified: [], of: () => [] };
  const lines = ((await read('/proc/self/cgroup')) ?? '').split('\n').map((line) => line.split(':'));
  const unified = lines.find(([id, controllers]) => id === '0' && controllers === '');
  return {
    unified: unified === undefined ? [] : folders(ROOT, unified[2] ?? '/'),
    of(controller) {
      const own = lines.find(([, controllers]) => controllers?.split(',').includes(controller));
      return own === undefined ? [] : folders(`${ROOT}/${controller}`, own[2] ?? '/');
    },
  };
}

/** The folder of a group and of all that it is in. Inside a container, the path may be that of outside: then the root is its own. */
function folders(root: string, path: string): string[] {
  const found: string[] = [];
  for (let group = posix.normalize(path); ; group = posix.dirname(group)) {
    found.push(group === '/' ? root : `${root}${group}`);
    if (group === '/' || group === '.') return found;
  }
}
