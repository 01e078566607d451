import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The programs that the checks are made of. Each says what it runs, and throws an Error where that fails. */

/** A path from this folder. */
export const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The command line, as a package runs it. */
export const bin = here('../packages/neurodex/bin/neurodex.js');

/** Runs a program. @param capture takes what it prints on stdout, and returns it; else it goes to this process's */
export function run(title: string, program: string, args: readonly string[], capture = false): string {
  console.log(`$ ${title}`);
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
    maxBuffer: 1 << 28,
  });
  if (result.error) throw result.error;
  if (result.status !== 0) throw new Error(`${title} ended with ${result.signal ?? result.status}`);
  return result.stdout;
}

/** @returns what it prints on stdout */
export const neurodex = (...args: readonly string[]): string =>
  run(`npx neurodex ${args.join(' ')}`, process.execPath, [bin, ...args], true);

/** A TypeScript file of this folder. */
export const script = (name: string, args: readonly string[], capture = false): string =>
  run(`tsx interop/${[name, ...args].join(' ')}`, process.execPath, ['--import', 'tsx', here(name), ...args], capture);
