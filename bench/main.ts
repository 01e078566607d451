import { NeurodexError } from '@neurodex/core';
import { runBenchmark } from './harness.ts';

/**
 * `npm run --silent bench NAME [-- flags]`: one benchmark, one JSON object on stdout, everything else on stderr.
 * Exit status 0: it ran, whether or not its targets were met; 1: it failed; 2: wrong usage.
 */
const log = (message: string): void => void process.stderr.write(`${message}\n`);

try {
  process.exitCode = await runBenchmark(process.argv.slice(2), {
    folder: new URL('.', import.meta.url),
    print: (report) => void process.stdout.write(`${report}\n`),
    log,
  });
} catch (error) {
  if (error instanceof NeurodexError) {
    log(`error: ${error.message}${error.hint === undefined ? '' : `\nhint: ${error.hint}`}`);
  } else {
    log(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  process.exitCode = error instanceof NeurodexError ? error.exitStatus : 1;
}
