import { watch } from 'node:fs/promises';
import { errorMessage, NeurodexError, type Reporter } from '@neurodex/core';
import { refuseSpecialFile } from '@neurodex/core/storage';

export interface FollowOptions {
  readonly folder: string;
  readonly reporter: Reporter;
  /** Ends the work. */
  readonly signal: AbortSignal | undefined;
  /** Called once at first, and after each change of the folder. */
  readonly update: () => Promise<void>;
}

/** Milliseconds without a change after which a folder counts as quiet: files are written in pieces. */
const QUIET = 500;

/**
 * Follows a folder until the signal is given: whatever changes in it is told once it is quiet. An update that fails is reported
 * and tried again with the next change.
 * @throws NeurodexError `source-unusable` where the system cannot watch a folder
 */
export async function followFolder({ folder, reporter, signal, update }: FollowOptions): Promise<void> {
  await refuseSpecialFile(folder);
  let waiting: NodeJS.Timeout | undefined;
  let working: Promise<void> = Promise.resolve();
  const once = async (): Promise<void> => {
    try {
      await update();
    } catch (error) {
      if (!(error instanceof NeurodexError)) throw error;
      if (error.code === 'interrupted') return;
      reporter.warn(`${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}`);
    }
  };
  await once();
  reporter.info(`following ${folder}; Ctrl-C ends it`);
  try {
    for await (const _ of watch(folder, { recursive: true, ...(signal === undefined ? {} : { signal }) })) {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        working = working.then(once);
      }, QUIET);
    }
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw unwatchable(folder, error);
  } finally {
    clearTimeout(waiting);
    await working;
  }
}

const unwatchable = (folder: string, error: unknown): NeurodexError =>
  new NeurodexError('source-unusable', `${folder} cannot be watched: ${errorMessage(error)}`, {
    hint: 'run `neurodex update` without --watch from time to time',
    details: { folder },
    cause: error,
  });
