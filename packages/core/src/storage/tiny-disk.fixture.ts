import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const mount = (at: string, kilobytes: number) =>
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', at], { stdio: 'ignore' });

/** Why a test cannot have a disk of its own; undefined when it can. */
export const noMount: string | undefined = (() => {
  if (process.platform !== 'linux') return 'no tmpfs on this system';
  if (process.getuid?.() !== 0) return 'only root can mount a tmpfs';
  const at = mkdtempSync(join(tmpdir(), 'neurodex-mount-'));
  try {
    mount(at, 64);
    execFileSync('umount', [at]);
    return undefined;
  } catch {
    return 'mounting a tmpfs is not permitted here';
  } finally {
    rmdirSync(at);
  }
})();

/** A disk that is soon full; `work` gets its folder, which is empty. */
export async function onTinyDisk(work: (at: string) => Promise<void>, kilobytes = 64): Promise<void> {
  const at = await mkdtemp(join(tmpdir(), 'neurodex-disk-'));
  mount(at, kilobytes);
  try {
    await work(at);
  } finally {
    execFileSync('umount', [at]);
    await rmdir(at);
  }
}
