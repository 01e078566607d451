import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { drawFolders } from '../../tests/drawn-folders.fixture.ts';
import { packAll } from '../pack.ts';
import { Project } from '../project.ts';
import { registryBehind, startRegistry } from '../registry.ts';
import { checkRuntimes, RUNTIMES_FOLDER, tableOf, worked } from './check-runtimes.ts';
import { runSuite } from './run-suite.ts';
import { RUNTIME_NAMES } from './runtimes.ts';

/**
 * `npm run runtimes [-- --only node-24,bun] [--suite]`: the installed packages at work on each runtime, and a table of the seconds of each
 * step on standard output. `--suite` runs the tests of the repository on each version of Node instead. Exit status 0: all is well; 1: each
 * fault is said. Runtimes come from the npm registry, and stay in `packaging/.runtimes`.
 */
const { values } = parseArgs({ options: { only: { type: 'string' }, suite: { type: 'boolean', default: false } } });
const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const only = RUNTIME_NAMES.filter((name) => values.only === undefined || values.only.split(',').includes(name));
  if (only.length === 0) throw new Error(`--only ${values.only}: the runtimes are ${RUNTIME_NAMES.join(', ')}`);
  if (values.suite) return runSuite(only, RUNTIMES_FOLDER, log);
  const folder = mkdtempSync(join(tmpdir(), 'neurodex-runtimes-'));
  try {
    const registry = await startRegistry(
      packAll(join(folder, 'tarballs'), (line) => log(`packed ${line}`)),
      registryBehind(),
    );
    try {
      const project = new Project(join(folder, 'user'), registry.address, join(folder, 'npm-cache'));
      await project.run('npm', ['install', 'neurodex']);
      await drawFolders(join(project.folder, 'photos'), { red: '#c22', blue: '#22c', green: '#2a2' }, 'png');
      const rows = await checkRuntimes({ project, folder: RUNTIMES_FOLDER, registry: registry.address, only, log });
      console.log(tableOf(rows));
      return worked(rows) ? 0 : 1;
    } finally {
      await registry.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
