import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { childrenOf, killProcess } from './processes.ts';
import { whenStopped } from './stopping.ts';

const PROGRAM = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));

/** Milliseconds after which a worker that ended is started again. */
const RESTART = 500;
/** Milliseconds that a worker has to end by itself when all is done: two looks at the place. */
const FAREWELL = 10_000;

/** Has a folder for temporary files, which goes with all that killed workers leave in it. */
export async function withTemporary<T>(work: (environment: NodeJS.ProcessEnv) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'neurodex-bench-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const keep = whenStopped(remove);
  try {
    return await work({ ...process.env, TMPDIR: folder });
  } finally {
    keep();
    await remove();
  }
}

export interface Command {
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

export interface Ended {
  readonly status: number | null;
  /** What it said last. */
  readonly errors: string;
}

export function runProgram({ args, environment }: Command): { readonly child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [PROGRAM, ...args], { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (bytes: Buffer) => {
    errors = `${errors}${bytes.toString()}`.slice(-2000);
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (status) => resolve({ status, errors }));
  });
  return { child, ended };
}

/** `neurodex shards work`, started again whenever it ends before all is done, as a supervisor of services does. */
export class SupervisedWorker {
  /** Times that it was started again. */
  restarts = 0;
  private readonly command: Command;
  private readonly supervised: Promise<void>;
  private child: ChildProcess | undefined;
  private isOver = false;

  constructor(command: Command) {
    this.command = command;
    this.supervised = this.supervise();
  }

  /** Processes that do its tasks. */
  tasks(): number[] {
    return this.child?.pid === undefined ? [] : childrenOf(this.child.pid);
  }

  /** Ends one of its tasks with SIGKILL, and at first the worker itself, as when its machine is gone. */
  kill(task: number, withWorker: boolean): void {
    if (withWorker) this.child?.kill('SIGKILL');
    killProcess(task);
  }

  /** Lets it end when it has seen that all is done. */
  async close(): Promise<void> {
    this.isOver = true;
    const isEnded = await Promise.race([this.supervised.then(() => true), setTimeout(FAREWELL, false)]);
    if (!isEnded) this.child?.kill('SIGTERM');
    await this.supervised;
  }

  private async supervise(): Promise<void> {
    for (;;) {
      const { child, ended } = runProgram(this.command);
      this.child = child;
      const { status } = await ended;
      this.child = undefined;
      if (status === 0 || this.isOver) return;
      await setTimeout(RESTART);
      this.restarts++;
    }
  }
}
