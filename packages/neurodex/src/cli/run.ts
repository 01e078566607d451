import { NeurodexError } from '../errors.ts';
import { main } from './cli.ts';
import { reportFailure } from './failure.ts';
import type { Io, Output } from './io.ts';

/** Milliseconds within which a second signal is the same key press: npx passes on what the terminal already sent us. */
const SAME_PRESS = 500;

/** The command line as a process: its streams, its signals and its exit status. */
export async function run(process: NodeJS.Process): Promise<void> {
  const controller = new AbortController();
  let first = 0;
  const stop = (): void => {
    if (!controller.signal.aborted) {
      first = performance.now();
      controller.abort();
    } else if (performance.now() - first > SAME_PRESS) {
      process.exit(1);
    }
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);

  const argv = process.argv.slice(2);
  const io: Io = {
    stdout: outputTo(process.stdout, (error) => {
      const full = (error as NodeJS.ErrnoException).code === 'ENOSPC';
      throw new NeurodexError(
        full ? 'disk-full' : 'output-unwritable',
        `the standard output cannot be written: ${full ? 'no space left' : error.message}`,
        { hint: 'send it somewhere else', cause: error },
      );
    }),
    // Who cannot be told of an error cannot be told of this one either.
    stderr: outputTo(process.stderr, () => {}),
    env: process.env,
    cwd: process.cwd(),
    signal: controller.signal,
  };
  // A fault outside of every promise that we wait for: still no stack trace.
  process.on('uncaughtException', (error) => {
    void reportFailure(error, io, argv.includes('--json')).finally(() => process.exit(1));
  });

  const status = await main(argv, io);
  process.exitCode = status;
  // What was interrupted may not have come to its end, and would keep the process alive.
  if (controller.signal.aborted) process.exit(status);
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
          const { code } = (error ?? {}) as NodeJS.ErrnoException;
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
