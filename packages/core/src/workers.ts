import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * Starts threads and processes of the program's own files. Compiled code starts compiled files; a source, as tests run it,
 * starts sources, for which Node 20 needs tsx: no thread or process inherits what translates its parent.
 */

/**
 * The file of a thread or process beside the file that starts it.
 * @param name of the source: './rank-thread.ts'
 * @param caller `import.meta.url` of the file that starts it
 * @example
 * ```ts
 * import { workerFile } from '@neurodex/core/workers';
 *
 * console.log(workerFile('./rank-thread.ts', 'file:///app/dist/rank.js').href); // → file:///app/dist/rank-thread.js
 * console.log(workerFile('./rank-thread.ts', 'file:///app/src/rank.ts').href); // → file:///app/src/rank-thread.ts
 * ```
 */
export const workerFile = (name: `./${string}.ts`, caller: string): URL =>
  new URL(isSource(caller) ? name : name.replace(/\.ts$/, '.js'), caller);

/**
 * The flags with which a process of Node, or a thread that imports `file` by itself, can read it.
 * @example
 * ```ts
 * import { nodeFlags } from '@neurodex/core/workers';
 *
 * console.log(nodeFlags(new URL('file:///app/dist/rank-thread.js'))); // → []
 * ```
 */
export const nodeFlags = (file: URL): string[] => (isSource(file.href) ? ['--import', tsx('tsx', file)] : []);

/**
 * A thread that runs `file`, without the flags of this process.
 * @example
 * ```ts
 * import { once } from 'node:events';
 * import { writeFileSync } from 'node:fs';
 * import { pathToFileURL } from 'node:url';
 * import { spawnWorker } from '@neurodex/core/workers';
 *
 * const program = "import { parentPort, workerData } from 'node:worker_threads'; parentPort.postMessage(2 * workerData);";
 * writeFileSync('double.mjs', program);
 * const worker = spawnWorker(pathToFileURL('double.mjs'), { workerData: 21 });
 * const [answer] = await once(worker, 'message');
 * console.log(answer); // → 42
 * ```
 */
export function spawnWorker(file: URL, options: Omit<WorkerOptions, 'eval' | 'execArgv'> = {}): Worker {
  if (!isSource(file.href)) return new Worker(file, { ...options, execArgv: [] });
  // On Node 20 the first file of a thread is looked at before its --import has run.
  const code = `import('${tsx('tsx/esm/api', file)}').then(({ register }) => { register(); return import('${file}'); });`;
  return new Worker(code, { ...options, eval: true, execArgv: [] });
}

/**
 * A process that runs `file`, without the flags of this process, and exchanges messages with it.
 * @example
 * ```ts
 * import { once } from 'node:events';
 * import { writeFileSync } from 'node:fs';
 * import { pathToFileURL } from 'node:url';
 * import { spawnProcess } from '@neurodex/core/workers';
 *
 * writeFileSync('double.mjs', "process.once('message', (number) => process.send(2 * number));");
 * const child = spawnProcess(pathToFileURL('double.mjs'));
 * child.send(21);
 * const [answer] = await once(child, 'message');
 * console.log(answer); // → 42
 * ```
 */
export const spawnProcess = (file: URL, options: Omit<ForkOptions, 'execArgv'> = {}): ChildProcess =>
  fork(fileURLToPath(file), [], { ...options, execArgv: nodeFlags(file) });

const isSource = (url: string): boolean => url.endsWith('.ts');

/** The address of a module of tsx, as found from `file`: only who runs sources has it. */
const tsx = (name: string, file: URL): string =>
  pathToFileURL(
    createRequire(file)
      .resolve(name)
      .replace(/\.cjs$/, '.mjs'),
  ).href;
