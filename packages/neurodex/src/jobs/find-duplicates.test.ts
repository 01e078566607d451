import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import { silentReporter } from '@neurodex/core';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { COPIES, type DuplicateKind } from '../pictures/duplicate-facts.ts';
import { standard } from '../presets/default.ts';
import { createIndex } from './create-index.ts';
import { findDuplicates } from './find-duplicates.ts';
import { openSource } from './open-source.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'find-duplicates-'));
  await mkdir(join(folder, 'photos', 'a'), { recursive: true });
  await mkdir(join(folder, 'photos', 'b'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A picture with smooth shades and sharp edges, another one for every number: PNG. */
async function draw(number: number): Promise<Buffer> {
  const random = Random.seeded(number + 1);
  const circles = Array.from({ length: 12 }, () => {
    const [x = 0, y = 0, r = 0, hue = 0, light = 0] = Array.from({ length: 5 }, () => random.uniform());
    return `<circle cx="${120 * x}" cy="${90 * y}" r="${6 + 24 * r}" fill="hsl(${360 * hue},70%,${15 + 70 * light}%)"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 90" width="240" height="180"><rect width="120" height="90" fill="hsl(${53 * number},40%,60%)"/>${circles.join('')}</svg>`;
  return await sharp(Buffer.from(svg)).removeAlpha().png().toBuffer();
}

async function photos(): Promise<string> {
  const place = join(folder, 'photos');
  for (let i = 0; i < 6; i++) await writeFile(join(place, i % 2 === 0 ? 'a' : 'b', `${i}.png`), await draw(i));
  const one = await draw(0);
  await writeFile(join(place, 'a', 'again.png'), one);
  await writeFile(join(place, 'a', 'small.jpg'), await sharp(one).resize(120, 90).jpeg().toBuffer());
  await writeFile(
    join(place, 'b', 'mirror.jpg'),
    await sharp(await draw(1))
      .flop()
      .jpeg()
      .toBuffer(),
  );
  await writeFile(join(place, 'b', 'broken.png'), 'no picture');
  return place;
}

const options = (path: string) => ({
  path,
  open: () => openSource({ source: path, path, config: standard, seed: 0, environment: {}, reporter: silentReporter }),
  sourceFlags: [],
  reporter: silentReporter,
});

const kindsOf = (groups: Awaited<ReturnType<typeof findDuplicates>>['groups']) =>
  groups.map(({ members }) => members.map(({ path, kind }) => [path, kind]));

const GROUPS = [
  [
    ['a/0.png', null],
    ['a/again.png', 'identical'],
    ['a/small.jpg', 'resized'],
  ],
  [
    ['b/1.png', null],
    ['b/mirror.jpg', 'mirrored'],
  ],
];

it('groups the pictures of a folder, tells the best of each, and changes nothing', async () => {
  const path = await photos();
  const before = await readdir(path, { recursive: true });
  const phases = new Set<string>();
  const reporter = { ...silentReporter, progress: ({ phase }: { phase: string }) => void phases.add(phase) };
  const found = await findDuplicates({ ...options(path), reporter });
  expect(kindsOf(found.groups)).toEqual(GROUPS);
  expect(found).toMatchObject({ pictures: 9, duplicates: 3, differentLabels: 0, page: null });
  expect(found.groups[0]?.members[2]).toMatchObject({ width: 120, height: 90, labels: ['a'], role: null });
  expect(found.groups[0]?.members[1]).toMatchObject({ similarity: 1, bytes: (await draw(0)).length });
  expect(found.skipped.map((file) => file.path)).toEqual(['b/broken.png']);
  expect(await readdir(path, { recursive: true })).toEqual(before);
  expect([...phases]).toEqual(['ingest', 'duplicates']);
});

it('keeps to the kinds that are asked for, and writes a page once', async () => {
  const path = await photos();
  const out = join(folder, 'page.html');
  const found = await findDuplicates({ ...options(path), kinds: ['mirrored'], out });
  expect(kindsOf(found.groups)).toEqual([GROUPS[1]]);
  expect(found.kinds).toMatchObject({ identical: 0, mirrored: 1 });
  expect(await readFile(out, 'utf8')).toContain('b/mirror.jpg');
  await findDuplicates({ ...options(path), out });
  await writeFile(out, 'mine');
  await expect(findDuplicates({ ...options(path), out })).rejects.toMatchObject({ code: 'output-exists' });
});

it('stops when it is interrupted, and leaves no folder behind', async () => {
  const path = await photos();
  const left = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('neurodex-duplicates-'));
  const before = await left();
  const signal = AbortSignal.abort();
  await expect(findDuplicates({ ...options(path), signal })).rejects.toMatchObject({ code: 'interrupted' });
  expect(await left()).toEqual(before);
});

it('finds the same in an index, and a build with dedupe keeps the best of each', async () => {
  const path = await photos();
  const { dataset } = await options(path).open();
  const build = async (name: string, dedupe: boolean) => {
    const out = join(folder, name);
    const config = { ...standard, dataset: { ...standard.dataset, dedupe } };
    const system = { systems: ['pixels'] as const, device: 'cpu' as const };
    const summary = await createIndex({
      dataset,
      out,
      config,
      seed: 1,
      force: false,
      reporter: silentReporter,
      ...system,
    });
    return { out, summary };
  };
  const whole = await build('whole.index', false);
  const found = await findDuplicates(options(whole.out));
  expect(
    new Set(
      kindsOf(found.groups).map((group) =>
        group
          .map(([name]) => name)
          .sort()
          .join(),
      ),
    ),
  ).toEqual(
    new Set(
      GROUPS.map((group) =>
        group
          .map(([name]) => name)
          .sort()
          .join(),
      ),
    ),
  );
  // Copies of a picture play one part, and those that are a little more or less of it may play others, which are counted.
  const copies: readonly (DuplicateKind | null)[] = [null, ...COPIES];
  const rolesOf = (members: (typeof found.groups)[number]['members']) => new Set(members.map(({ role }) => role)).size;
  for (const { members } of found.groups) {
    expect(rolesOf(members.filter(({ kind }) => copies.includes(kind)))).toBe(1);
  }
  expect(found.acrossSplits).toBe(found.groups.filter(({ members }) => rolesOf(members) > 1).length);
  expect(found.acrossSplits).toBeGreaterThan(0);
  expect(found.groups[0]?.members[0]).toMatchObject({ width: null, height: null, bytes: null });
  await expect(findDuplicates({ ...options(whole.out), sourceFlags: ['--from'] })).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('--from'),
  });

  const { out, summary } = await build('best.index', true);
  expect(summary.duplicates).toMatchObject({
    sets: 0,
    copies: 0,
    leftOut: 3,
    kinds: { identical: 1, resized: 1, mirrored: 1 },
  });
  expect(summary.skipped.filter(({ path: name }) => name !== 'b/broken.png')).toEqual([
    { path: 'a/again.png', reason: 'it is a duplicate (identical) of a/0.png, which is kept' },
    { path: 'a/small.jpg', reason: 'it is a duplicate (resized) of a/0.png, which is kept' },
    { path: 'b/mirror.jpg', reason: 'it is a duplicate (mirrored) of b/1.png, which is kept' },
  ]);
  expect((await findDuplicates(options(out))).groups).toEqual([]);
}, 60_000);
