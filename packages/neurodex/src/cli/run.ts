import { onBlocking } from '@neurodex/autograd';
import { errorCode, NeurodexError } from '@neurodex/core';
import { main } from './cli.ts';
import { reportFailure } from './failure.ts';
import type { Io, Output } from './io.ts';
import { Signals } from './signals.ts';
import { askTerminal } from './terminal/ask-terminal.ts';
import { launchViewer } from './viewer.ts';

/** The command line as a process: its streams, its signals and its exit status. */
export async function run(process: NodeJS.Process): Promise<void> {
  const signals = new Signals(process);
  onBlocking(signals.around);

  const argv = process.argv.slice(2);
  const io: Io = {
    stdout: outputTo(process.stdout, (error) => {
      const full = errorCode(error) === 'ENOSPC';
      throw new NeurodexError(
        full ? 'disk-full' : 'output-unwritable',
        `the standard output cannot be written: ${full ? 'no space left' : error.message}`,
        { hint: 'send it somewhere else', cause: error },
      );
    }),
    // Who cannot be told of an error cannot be told of this one either.
    stderr: outputTo(process.stderr, () => {}),
    env: process.env,
    get cwd() {
      return workingDirectory(process);
    },
    signal: signals.signal,
    holdSignals: () => signals.hold(),
    launch: launchViewer,
    ask: (...asked) => {
      const { stdin, stdout, pid } = process;
      return askTerminal({ stdin, stdout, interrupt: () => process.kill(pid, 'SIGINT') }, ...asked);
    },
  };
  // A fault outside of every promise that we wait for: still no stack trace.
  process.on('uncaughtException', (error) => {
    void reportFailure(error, io, argv.includes('--json')).finally(() => process.exit(1));
  });

  const status = await main(argv, io);
  process.exitCode = status;
  // What was interrupted may not have come to its end, and would keep the process alive.
  if (signals.signal.aborted) process.exit(status);
}

/** @throws NeurodexError `source-missing` where it has been deleted */
function workingDirectory(process: NodeJS.Process): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new NeurodexError('source-missing', 'the working directory is not there any more', {
      hint: 'go to a folder that exists (cd), and run the command again',
      cause: error,
    });
  }
}

function outputTo(stream: NodeJS.WriteStream, refused: (error: Error) => void): Output {
  // The callback of each write has the error; without a listener the same error would end the process.
  stream.on('error', () => {});
  return {
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
    write: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => {
          // A reader that has seen enough (`| head`) is no failure.
          const code = errorCode(error);
          if (!error || code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') return resolve();
          try {
            refused(error);
            resolve();
          } catch (reason) {
            reject(reason);
          }
        });
      }),
  };
}
