import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NeurodexError, silentReporter } from '@neurodex/core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { removeFromIndex } from '../packages/neurodex/src/jobs/change-index.ts';
import { verifyIndex } from '../packages/neurodex/src/jobs/verify-index.ts';

/** The installed program changes an index, and is killed with SIGKILL at any moment of it. */
const bin = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'neurodex-changes-'));
const at = (...path: string[]): string => join(folder, ...path);
const KILLS = 9;

const draw = (i: number): Promise<Buffer> =>
  sharp({ create: { width: 24, height: 24, channels: 3, background: { r: (37 * i) % 256, g: (91 * i) % 256, b: i } } })
    .png()
    .toBuffer();

async function pictures(name: string, from: number, count: number): Promise<void> {
  for (let i = from; i < from + count; i++) {
    mkdirSync(at(name, `${i % 3}`), { recursive: true });
    await sharp(await draw(i)).toFile(at(name, `${i % 3}`, `${i}.png`));
  }
}

const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args, '--json', '--quiet'], {
    encoding: 'utf8',
  });
  expect(status, `${args.join(' ')}\n${stderr}`).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
};

/** @returns whether it was killed before it ended */
function runAndKill(args: readonly string[], milliseconds: number): Promise<boolean> {
  const child = spawn(process.execPath, [bin, ...args, '--quiet'], { stdio: 'ignore' });
  return new Promise((resolve) => {
    const timer = globalThis.setTimeout(() => child.kill('SIGKILL'), milliseconds);
    child.once('exit', (_, signal) => {
      clearTimeout(timer);
      resolve(signal === 'SIGKILL');
    });
  });
}

/** What tells the states of an index from each other; every file is compared with its digest. */
async function stateOf(index: string): Promise<string> {
  const { rowsDigest } = await verifyIndex({ index, without: [], reporter: silentReporter });
  return rowsDigest;
}

beforeAll(async () => {
  await pictures('source', 0, 30);
  await pictures('more', 30, 40);
  const settings = ['pictures.size=16', 'model.patchSize=8', 'model.width=16', 'model.heads=2', 'training.seeSteps=2'];
  const small = ['identifiers.branching=4', 'identifiers.leafSize=2', 'split.retrievalFraction=0.3'];
  run(
    ...['index', at('source'), '--out', at('index'), '--systems', 'dsi,pixels', '--seed', '1'],
    ...[...settings, ...small].flatMap((setting) => ['--set', setting]),
  );
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A lock whose process was killed before it had written its name there counts as left behind after five seconds. */
async function removeOne(index: string): Promise<void> {
  const remove = () => removeFromIndex({ index, pictures: ['1/4.png'], device: 'cpu', reporter: silentReporter });
  await remove().catch(async (error: unknown) => {
    const isNameless = error instanceof NeurodexError && error.code === 'run-locked' && !('pid' in error.details);
    if (!isNameless) throw error;
    await setTimeout(5500);
    await remove();
  });
}

it('an index is what it was, or what it was to be, wherever a change of it is killed', async () => {
  cpSync(at('source'), at('followed'), { recursive: true });
  for (const name of readdirSync(at('followed', '0')).slice(0, 4)) rmSync(at('followed', '0', name));
  cpSync(at('more', '1'), at('followed', 'new'), { recursive: true });
  const changes: readonly (readonly string[])[] = [
    ['add', 'INDEX', '--from', at('more')],
    ['remove', 'INDEX', '0/0.png', '1/1.png', '2/2.png'],
    ['update', 'INDEX', at('followed')],
  ];
  const command = (i: number, index: string) =>
    (changes[i % changes.length] ?? []).map((word) => (word === 'INDEX' ? index : word));
  const copy = (name: string): string => {
    rmSync(at(name), { recursive: true, force: true });
    cpSync(at('index'), at(name), { recursive: true });
    return at(name);
  };
  const before = await stateOf(at('index'));
  const after: string[] = [];
  const milliseconds: number[] = [];
  for (const i of changes.keys()) {
    const done = copy('done');
    const began = performance.now();
    run(...command(i, done));
    milliseconds.push(performance.now() - began);
    after.push(await stateOf(done));
  }
  let killed = 0;
  for (let i = 0; i < KILLS; i++) {
    const index = copy('killed');
    // Most of the time is the start of the program: moments at the end, where the change is, are the ones to look at.
    const share = 0.5 + (0.5 * ((i * 7) % KILLS)) / KILLS;
    if (await runAndKill(command(i, index), share * (milliseconds[i % changes.length] ?? 0))) killed++;
    expect([before, after[i % changes.length]]).toContain(await stateOf(index));
    // Whoever comes next clears up, and goes on.
    await removeOne(index);
    const names = readdirSync(join(index, 'catalogue'));
    expect(names.filter((name) => !/^(catalogue\.json|part-.*)$/.test(name))).toEqual([]);
    const { unlisted } = await verifyIndex({ index, without: [], reporter: silentReporter });
    expect(unlisted).toEqual([]);
  }
  expect(killed).toBeGreaterThan(0);
}, 240_000);
