import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Why there is nothing to clone; undefined where there is. */
export const MISSING_CLONE =
  existsSync(join(root, '.git')) && spawnSync('git', ['--version'], { stdio: 'ignore' }).status === 0
    ? undefined
    : 'this is no checkout of git';

/**
 * A clone of the last commit, with the packages that are installed here in place of `npm ci`: those of others by links, those of
 * the workspace its own.
 */
export function cloneInto(folder: string): void {
  const cloned = spawnSync('git', ['clone', '--quiet', '--no-local', root, folder], { encoding: 'utf8' });
  if (cloned.status !== 0) throw new Error(cloned.stderr);
  for (const modules of ['node_modules', ...packagesWithModules()]) link(join(root, modules), join(folder, modules));
}

const packagesWithModules = (): string[] =>
  readdirSync(join(root, 'packages'))
    .map((name) => join('packages', name, 'node_modules'))
    .filter((path) => existsSync(join(root, path)));

function link(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    // Links of npm are relative: to packages of the workspace, and to programs.
    if (name === '.bin' || lstatSync(source).isSymbolicLink())
      cpSync(source, target, { recursive: true, verbatimSymlinks: true });
    else if (name === '@neurodex') link(source, target);
    else if (!relative(root, source).includes('.vite')) symlinkSync(source, target);
  }
}
