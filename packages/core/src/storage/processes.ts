import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorCode } from '../thrown.ts';

/** Which processes a number of a process counts among. What the system does not say is null. */
export interface ProcessPlace {
  readonly host: string;
  /** Of the machine, whatever it is called. */
  readonly machine: string | null;
  /** Of this start of the machine: all numbers before it are of processes that have ended. */
  readonly boot: string | null;
  /** A container has numbers of its own. */
  readonly namespace: string | null;
}

const attempt = (read: () => string): string | null => {
  try {
    return read().trim() || null;
  } catch {
    return null;
  }
};

export const HERE: ProcessPlace = {
  host: hostname(),
  machine: attempt(() => readFileSync('/etc/machine-id', 'utf8')),
  boot: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
  namespace: attempt(() => readlinkSync('/proc/self/ns/pid')),
};

/** Whether a process of this machine is running. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is alive too.
    return errorCode(error) === 'EPERM';
  }
}

/** When a process of this machine began, in ticks since it was started; numbers of processes are used again. Linux alone. */
export function startOf(pid: number): string | null {
  return attempt(() => {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name may hold anything; what follows its last parenthesis begins with field 3, and the start is field 22.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    return fields.at(19) ?? '';
  });
}

/** Whether what is known of a process says that it may be running still. @param started what `startOf` said of it */
export function mayRun(pid: number, started: string | null, place: Partial<ProcessPlace>): boolean {
  // Of the processes of another machine, or of another container on this one, nothing can be known from here.
  if (place.host !== HERE.host || differ(place.machine, HERE.machine)) return true;
  if (differ(place.boot, HERE.boot)) return false;
  if (differ(place.namespace, HERE.namespace)) return true;
  return isAlive(pid) && !differ(started, startOf(pid));
}

const differ = (a: string | null | undefined, b: string | null): boolean =>
  a !== null && a !== undefined && b !== null && a !== b;
