import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';

/**
 * Runs compiled examples one after another, each in a folder of its own that has what they name. It is a program, so that no test's
 * modules are in the way: `run-examples FIXTURE EXAMPLE.js …` prints what came of each, as JSON.
 */
export interface Ran {
  /** The lines that it printed. */
  readonly printed: readonly string[];
  /** What it failed with; null where it did not. */
  readonly error: string | null;
}

const [, , fixture = '', ...files] = process.argv;
const log = console.log;
const results: Ran[] = [];
for (const file of files) {
  const folder = mkdtempSync(join(tmpdir(), 'neurodex-example-'));
  cpSync(fixture, folder, { recursive: true });
  process.chdir(folder);
  const printed: string[] = [];
  console.log = (...values: unknown[]) => {
    printed.push(
      values.map((value) => (typeof value === 'string' ? value : inspect(value, { breakLength: 200 }))).join(' '),
    );
  };
  let error: string | null = null;
  try {
    await import(pathToFileURL(file).href);
  } catch (thrown) {
    error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
  console.log = log;
  process.chdir(tmpdir());
  rmSync(folder, { recursive: true, force: true });
  results.push({ printed, error });
}
log(JSON.stringify(results));
