import { readdir, readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { closest } from 'fastest-levenshtein';
import type { Benchmark, BenchmarkContext, Report } from './benchmark.ts';
import { describeMachine } from './machine.ts';

const USAGE = 'usage: npm run --silent bench NAME [-- flags]';

/** Where the modules are and where the words go. */
export interface Harness {
  /** A folder URL, with the slash at its end. */
  readonly folder: URL;
  /** One JSON object. */
  print(report: string): void;
  /** Lines for people. */
  log(message: string): void;
}

const EXPORT = /^export const benchmark\b/m;

/** The benchmarks' names. Helpers are told from benchmarks by their text: importing one may do work. */
async function benchmarkNames(folder: URL): Promise<string[]> {
  const names: string[] = [];
  for (const file of (await readdir(folder)).sort()) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    if (EXPORT.test(await readFile(new URL(file, folder), 'utf8'))) names.push(file.slice(0, -'.ts'.length));
  }
  return names;
}

async function load(folder: URL, name: string): Promise<Benchmark> {
  const module: { benchmark: Benchmark } = await import(new URL(`${name}.ts`, folder).href);
  return module.benchmark;
}

async function refuse({ folder, log }: Harness, name: string | undefined, names: readonly string[]): Promise<2> {
  if (name === undefined) log('which benchmark?');
  else log(`no benchmark is named ${name}${names.length > 0 ? `; the nearest is ${closest(name, names)}` : ''}`);
  log(USAGE);
  for (const known of names) log(`  ${known.padEnd(16)} ${(await load(folder, known)).description}`);
  return 2;
}

/** @param argv the benchmark's name and its flags. @returns the exit status */
export async function runBenchmark(argv: readonly string[], harness: Harness): Promise<0 | 2> {
  const [name, ...rest] = argv;
  const { folder, log } = harness;
  const names = await benchmarkNames(folder);
  if (name === undefined || !names.includes(name)) return refuse(harness, name, names);
  const benchmark = await load(folder, name);
  let flags: BenchmarkContext['flags'];
  try {
    flags = parseArgs({ args: rest, options: benchmark.flags ?? {}, strict: true, allowPositionals: false }).values;
  } catch (error) {
    log(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    const known = Object.keys(benchmark.flags ?? {}).map((flag) => `--${flag}`);
    log(known.length > 0 ? `flags of ${name}: ${known.join(', ')}` : `${name} takes no flags`);
    return 2;
  }
  const machine = describeMachine();
  if (machine.loadBefore > machine.cores / 2) {
    log(`the machine is busy (load ${machine.loadBefore} on ${machine.cores} cores): the figures will be noisy`);
  }
  const { sides, ratios, targets } = await benchmark.run({ machine, flags, log });
  for (const [side, metrics] of Object.entries(sides)) {
    if ('missing' in metrics) log(`${side} is missing: ${String(metrics.missing)}`);
  }
  const report: Report = { name: benchmark.name, machine, sides, ratios, targets };
  harness.print(JSON.stringify(report, null, 2));
  return 0;
}
