import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { here, neurodex, run, script } from './commands.ts';
import {
  type Check,
  prepareBm25,
  prepareBovw,
  prepareCalibration,
  prepareCaptions,
  prepareClients,
  prepareEfficientNet,
  prepareEncoderExports,
  prepareEncoders,
  prepareGraphs,
  prepareKubernetes,
  prepareMcp,
  prepareMeasures,
  preparePhotos,
  prepareRuns,
  prepareShards,
  prepareSources,
  prepareTextEncoder,
  prepareTokenizer,
  prepareTrackers,
  type Workshop,
} from './prepare.ts';
import { KSERVE, MCP, MOST, prepareEnvironment } from './python.ts';

/**
 * Other people's programs read what Neurodex writes: draw a small folder of pictures, index and evaluate it with the
 * command line, and run interop/check_*.py on the result. `--index DIR` looks at an index that is there already. And
 * Neurodex reads what their programs make: interop/read_*.ts compares. `--install` only installs those programs.
 * Exit status 0: all passed, or left out (said so) where Python or PyPI cannot be had; 1: a check or a command failed.
 */
const PICTURES = 48;

function main(): number {
  const { values } = parseArgs({
    options: { index: { type: 'string' }, install: { type: 'boolean', default: false } },
  });
  const environment = prepareEnvironment((message) => console.log(message));
  if (values.install) {
    for (const packages of [MOST, KSERVE, MCP]) prepareEnvironment((message) => console.log(message), packages);
    return 0;
  }
  if ('leftOut' in environment) {
    console.log(`interop checks LEFT OUT: ${environment.leftOut}`);
    return 0;
  }
  const folder = mkdtempSync(join(tmpdir(), 'neurodex-interop-'));
  try {
    const pictures = join(folder, 'pictures');
    const python = (name: string, ...args: readonly string[]): void => pythonFile(environment.python, name, args);
    python('make_pictures.py', pictures);
    const index = values.index === undefined ? join(folder, 'index') : resolve(values.index);
    if (values.index === undefined) neurodex('index', pictures, '--out', index, '--preset', 'quick', '--json');
    const workshop: Workshop = { folder, pictures, index, python };
    const own = values.index === undefined ? ['--pictures', String(PICTURES)] : [];
    return perform(workshop, [
      { name: 'check_parquet.py', args: [index, ...own] },
      ...prepareMeasures(workshop),
      ...preparePhotos(workshop),
      ...prepareRuns(workshop),
      ...prepareGraphs(workshop),
      ...prepareBovw(workshop),
      ...prepareBm25(workshop),
      ...prepareCalibration(workshop),
      ...prepareEfficientNet(workshop),
      ...prepareTokenizer(workshop),
      ...prepareCaptions(workshop),
      ...prepareTextEncoder(workshop),
      ...prepareClients(workshop),
      ...prepareMcp(workshop),
      ...prepareEncoders(workshop),
      ...prepareEncoderExports(workshop),
      ...prepareShards(workshop),
      ...prepareKubernetes(workshop),
      ...prepareTrackers(workshop),
      ...prepareSources(workshop),
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const pythonFile = (interpreter: string, name: string, args: readonly string[]): void =>
  void run(['python', `interop/${name}`, ...args].join(' '), interpreter, [here(name), ...args]);

/** Runs every check, whatever becomes of the others. @returns the exit status */
function perform({ python }: Workshop, checks: readonly Check[]): number {
  const failed: string[] = [];
  for (const { name, args, interpreter } of checks) {
    try {
      if (interpreter !== undefined) pythonFile(interpreter, name, args);
      else if (name.endsWith('.py')) python(name, ...args);
      else script(name, args);
    } catch (error) {
      failed.push(error instanceof Error ? error.message : String(error));
    }
  }
  console.log(`interop: ${checks.length - failed.length} of ${checks.length} checks passed`);
  for (const failure of failed) console.log(`FAILED: ${failure}`);
  return failed.length > 0 ? 1 : 0;
}

try {
  process.exitCode = main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
