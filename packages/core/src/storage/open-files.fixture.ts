import { readdirSync, readlinkSync } from 'node:fs';

const linkOf = (fd: string): string => {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
};

/** How often this process has a file open; 0 where the system does not say. */
export const timesOpen = (path: string): number =>
  process.platform === 'linux' ? readdirSync('/proc/self/fd').filter((fd) => linkOf(fd) === path).length : 0;
