import type { ChildProcess } from 'node:child_process';
import { NeurodexError, type ProgressEvent, type Reporter } from '@neurodex/core';
import { spawnProcess, workerFile } from '@neurodex/core/workers';
import type { ToDriver, ToProcess } from './task-messages.ts';

/** Milliseconds that a process has to end by itself. */
const GRACE = 2000;

const PROGRAM = workerFile('./task-process.ts', import.meta.url);

/** A process that does tasks. One that was killed is started again for the next task. */
export class TaskWorker {
  private readonly environment: Readonly<Record<string, string | undefined>>;
  private readonly reporter: Reporter;
  private child: ChildProcess | undefined;

  constructor(environment: Readonly<Record<string, string | undefined>>, reporter: Reporter) {
    this.environment = environment;
    this.reporter = reporter;
  }

  /** Of the process; undefined while there is none. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** @returns whether the task was not done before @throws NeurodexError as the task, `shards-failed` for a process that was killed */
  async do(request: ToProcess, onProgress: (event: ProgressEvent) => void = () => {}): Promise<boolean> {
    const child = this.child ?? this.start();
    this.child = child;
    return await new Promise<boolean>((resolve, reject) => {
      const onExit = (status: number | null, signal: string | null): void => {
        done();
        reject(new NeurodexError('shards-failed', `a worker ended with ${signal ?? status} before its task was done`));
      };
      const onMessage = (message: ToDriver): void => {
        if (message.kind === 'warning') {
          this.reporter.warn(message.message);
          return;
        }
        if (message.kind === 'progress') {
          onProgress(message.event);
          return;
        }
        done();
        if (message.kind === 'done') {
          resolve(message.isNew);
          return;
        }
        const { code, message: text, hint } = message;
        reject(new NeurodexError(code, text, hint === null ? {} : { hint }));
      };
      const done = (): void => {
        child.off('exit', onExit);
        child.off('message', onMessage);
      };
      child.on('exit', onExit);
      child.on('message', onMessage);
      child.send(request);
    });
  }

  /** Ends the process, whatever it does. */
  async close(): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    if (child.connected) child.disconnect();
    // In the middle of a long computation it hears nothing.
    const impatience = setTimeout(() => child.kill('SIGKILL'), GRACE);
    await gone;
    clearTimeout(impatience);
  }

  private start(): ChildProcess {
    const child = spawnProcess(PROGRAM, {
      env: { ...this.environment },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.once('exit', () => {
      if (this.child === child) this.child = undefined;
    });
    return child;
  }
}
