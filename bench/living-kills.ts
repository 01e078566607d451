import { spawn } from 'node:child_process';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '@neurodex/autograd';
import { defined, silentReporter } from '@neurodex/core';
import { verifyPictures } from '../packages/neurodex/src/artifact/catalogue-store.ts';
import { openArtifact } from '../packages/neurodex/src/artifact/index-artifact.ts';
import { readIndexManifest } from '../packages/neurodex/src/artifact/manifest.ts';
import { inspectIndex } from '../packages/neurodex/src/jobs/inspect-index.ts';
import { type Growth, newPictures } from './living-changes.ts';

const PROGRAM = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));
/** Pictures of a change. */
const TOGETHER = 40;
/** When a command is killed, as shares of the time that one of its kind took: most of the first half is the start of the program. */
const [EARLIEST, LATEST] = [0.4, 1.1];

/** add, remove, update. */
const KINDS = 3;

/** Names of the catalogue's pictures: the state of an index. */
type State = ReadonlySet<string>;

/**
 * Kills `neurodex add`, `remove` and `update` with SIGKILL at random moments. All of them change one index, one after another. After
 * each, the index must be sound and have the pictures from before the command or those from after it.
 */
export async function killAtRandom(index: string, growth: Growth, kills: number, log: (line: string) => void) {
  const random = Random.seeded(18);
  const pictures = await newPictures(growth);
  const folder = `${index}-source`;
  let [neither, old, fresh, ended] = [0, 0, 0, 0];
  /** Milliseconds that commands of each kind take. */
  const took: number[] = [];
  for (let i = 0; i < kills + KINDS; i++) {
    const before = await stateOf(index);
    const some = Array.from({ length: TOGETHER }, () =>
      defined(pictures[random.integer(pictures.length)], 'a picture'),
    );
    const { args, after } = await commandOf(i, { index, folder, before, some: [...new Set(some)], growth, random });
    if (took.length < KINDS) {
      const began = performance.now();
      await run(args, Number.POSITIVE_INFINITY);
      took.push(performance.now() - began);
      continue;
    }
    const share = EARLIEST + (LATEST - EARLIEST) * random.uniform();
    const killed = await run(args, share * defined(took[i % KINDS], 'the time of a command'));
    if (!killed) ended++;
    const state = await soundState(index);
    if (state !== undefined && same(state, before)) old++;
    else if (state !== undefined && same(state, after)) fresh++;
    else neither++;
    const done = i + 1 - KINDS;
    if (done % 10 === 0) log(`kill ${done} of ${kills}: ${old} old, ${fresh} new, ${neither} neither`);
  }
  await rm(folder, { recursive: true, force: true });
  return { kills, neither, old, new: fresh, endedBefore: ended, millisecondsUncut: took };
}

interface Situation {
  readonly index: string;
  readonly folder: string;
  readonly before: State;
  readonly some: readonly { readonly path: string }[];
  readonly growth: Growth;
  readonly random: Random;
}

/** A command, and the state that it leads to. */
async function commandOf(i: number, { index, folder, before, some, growth, random }: Situation) {
  const paths = some.map(({ path }) => path).filter((path) => !before.has(path));
  if (i % KINDS === 0) {
    await copyTo(folder, growth.after, paths);
    return { args: ['add', index, '--from', folder], after: new Set([...before, ...paths]) };
  }
  if (i % KINDS === 1) {
    const names = [...before];
    const gone = new Set(
      Array.from({ length: TOGETHER }, () => defined(names[random.integer(names.length)], 'a name')),
    );
    return { args: ['remove', index, ...gone], after: new Set(names.filter((name) => !gone.has(name))) };
  }
  // A folder that has a part of the pictures, and some new ones.
  const kept = [...before].filter((_, at) => at % 97 !== 0);
  await copyTo(folder, growth.after, [...kept, ...paths]);
  return { args: ['update', index, folder], after: new Set([...kept, ...paths]) };
}

async function copyTo(folder: string, source: string, paths: readonly string[]): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const path of paths) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await link(join(source, path), join(folder, dirname(path), basename(path)));
  }
  await writeFile(join(folder, '.complete'), '');
}

/** @returns whether it was killed before it ended */
function run(args: readonly string[], milliseconds: number): Promise<boolean> {
  const child = spawn(process.execPath, [PROGRAM, ...args, '--quiet'], { stdio: 'ignore' });
  return new Promise((resolve) => {
    const timer = Number.isFinite(milliseconds) ? setTimeout(() => child.kill('SIGKILL'), milliseconds) : undefined;
    child.once('exit', (_, signal) => {
      clearTimeout(timer);
      resolve(signal === 'SIGKILL');
    });
  });
}

async function stateOf(index: string): Promise<State> {
  const artifact = await openArtifact(index);
  try {
    return new Set(artifact.store.rows.map(({ path }) => path));
  } finally {
    await artifact.close();
  }
}

/** Undefined where anything is damaged. */
async function soundState(index: string): Promise<State | undefined> {
  try {
    const { catalogue } = await readIndexManifest(index);
    await verifyPictures(join(index, 'catalogue'), catalogue);
    await inspectIndex({ index, verify: false, reporter: silentReporter });
    return await stateOf(index);
  } catch {
    return undefined;
  }
}

const same = (a: State, b: State): boolean => a.size === b.size && [...a].every((name) => b.has(name));
