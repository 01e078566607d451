import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { errorCode } from '@neurodex/core';

/** Ticks of a second in /proc, on every platform that Node.js runs on. */
const TICKS = 100;

/** Why processes cannot be looked at here; undefined where they can. */
export const processesMissing = (): string | undefined =>
  existsSync('/proc/self/stat') ? undefined : 'no /proc: processes can be looked at on Linux alone';

/** Numbers of a process behind its name, in the order of proc_pid_stat(5); undefined for one that is gone. */
function statOf(pid: number | string): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** Processes that a process has started and that still run. */
export const childrenOf = (parent: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const [state, above] = statOf(name) ?? [];
      return state !== 'Z' && Number(above) === parent;
    })
    .map(Number);

/** Seconds of processor time that a process has used so far; undefined for one that is gone. */
export function cpuSecondsOf(pid: number): number | undefined {
  const stat = statOf(pid);
  return stat === undefined ? undefined : (Number(stat[11]) + Number(stat[12])) / TICKS;
}

/** Ends a process with SIGKILL; one that has ended meanwhile is no error. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
}
