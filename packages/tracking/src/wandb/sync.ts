import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, mkdirSync, openSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { errorMessage, type Reporter, shellQuote } from '@neurodex/core';

export interface SyncOptions {
  /** Folders of finished runs. */
  readonly runs: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly reporter: Reporter;
  /** Milliseconds to wait for the upload; after that it goes on by itself. */
  readonly patience?: number;
}

/**
 * Uploads finished runs with the `wandb` command where there is one and WANDB_API_KEY is set, else says how to. The
 * command gets the key by its environment and writes to `sync.log` beside the runs; it outlives this process if it must.
 */
export async function offerSync({ runs, env, reporter, patience = 5000 }: SyncOptions): Promise<void> {
  const line = `wandb sync ${runs.map(shellQuote).join(' ')}`;
  const uploading = env.WANDB_API_KEY && !/^(offline|disabled|dryrun)$/i.test(env.WANDB_MODE ?? '');
  const command = uploading ? findCommand('wandb', env) : undefined;
  if (command === undefined) {
    const missing = uploading ? ' (the command wandb is not installed here)' : '';
    reporter.info(`the W&B runs are on this machine${missing}; upload them with: ${line}`);
    return;
  }
  const logFile = join(dirname(runs[0] ?? '.'), 'sync.log');
  const outcome = await upload(command, runs, env, logFile, patience);
  if (outcome === 'done') reporter.info('the W&B runs are uploaded');
  else if (outcome === 'going on') reporter.info(`the W&B runs are still being uploaded; progress is in ${logFile}`);
  else reporter.warn(`the W&B runs were not uploaded: ${outcome}, see ${logFile}; try again with: ${line}`);
}

async function upload(
  command: string,
  runs: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  logFile: string,
  patience: number,
): Promise<string> {
  let log: number | undefined;
  try {
    mkdirSync(dirname(logFile), { recursive: true });
    log = openSync(logFile, 'a');
    // A process group of its own: Ctrl-C on the run is not meant for it.
    const child = spawn(command, ['sync', ...runs], { env: { ...env }, detached: true, stdio: ['ignore', log, log] });
    child.unref();
    return await new Promise<string>((resolve) => {
      const timer = setTimeout(resolve, patience, 'going on');
      const end = (outcome: string): void => {
        clearTimeout(timer);
        resolve(outcome);
      };
      child.on('error', (error) => end(error.message));
      child.on('exit', (status, signal) => end(status === 0 ? 'done' : `wandb ended with ${signal ?? status}`));
    });
  } catch (error) {
    return errorMessage(error);
  } finally {
    if (log !== undefined) closeSync(log);
  }
}

/** The first executable file of that name in PATH. */
function findCommand(name: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  const names = process.platform === 'win32' ? [`${name}.exe`] : [name];
  for (const folder of (env.PATH ?? env.Path ?? '').split(delimiter).filter((part) => part !== '')) {
    for (const candidate of names.map((file) => join(folder, file))) {
      try {
        accessSync(candidate, constants.X_OK);
        if (statSync(candidate).isFile()) return candidate;
      } catch {
        // Not there, or not to be run: the next folder.
      }
    }
  }
  return undefined;
}
