import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { drawFolders } from './drawn-folders.fixture.ts';

/** What is there already is taken for what was asked for by its contents, and by nothing else. */
const bin = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'neurodex-contents-'));
const photos = join(folder, 'photos');

const neurodex = (...args: string[]) =>
  spawnSync(process.execPath, [bin, ...args], { cwd: folder, encoding: 'utf8', timeout: 100_000 });

beforeAll(async () => {
  await drawFolders(photos, { red: '#c22', blue: '#22c' }, 'png');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('index --resume on changed pictures is refused, and names what changed', () => {
  const small = ['--preset', 'quick', '--systems', 'pixels', '--set', 'pictures.size=16'];
  expect(neurodex('index', 'photos', '--out', 'i', ...small).status).toBe(0);
  const again = neurodex('index', 'photos', '--out', 'i', '--resume');
  expect([again.status, again.stderr]).toEqual([0, expect.stringContaining('is complete already')]);
  cpSync(join(photos, 'blue'), join(photos, 'green'), { recursive: true });
  rmSync(join(photos, 'red', '0.png'));
  cpSync(join(photos, 'red', '1.png'), join(photos, 'red', '2.png'));
  const changed = neurodex('index', 'photos', '--out', 'i', '--resume', '--json');
  expect(changed.status).toBe(2);
  const { error } = JSON.parse(changed.stderr.trim().split('\n').at(-1) ?? '') as {
    error: { code: string; message: string; hint: string };
  };
  expect(error.code).toBe('run-changed');
  expect(error.message).toContain('12 added (green/0.png, green/1.png, green/10.png, …)');
  expect(error.message).toContain('1 removed (red/0.png)');
  expect(error.message).toContain('1 changed (red/2.png)');
  expect(error.hint).toMatch(/--force.*--out/);
  expect(neurodex('index', 'photos', '--out', 'i', '--resume', '--force', ...small).status).toBe(0);
}, 120_000);

it('a study runs its cells again when the pictures have changed, and only then', () => {
  const grid = {
    source: 'photos',
    preset: 'quick',
    settings: { 'pictures.size': 16, 'split.testFraction': 0.3 },
    sizes: [{ pictures: 20 }],
    orders: ['clustered'],
    trainings: ['fine-tuned'],
    systems: ['pixels'],
    seeds: [1],
    measures: ['AP@10'],
  };
  writeFileSync(join(folder, 'grid.json'), JSON.stringify(grid));
  const ran = () => {
    const { status, stdout, stderr } = neurodex('study', 'grid.json', '--out', 's', '--json');
    expect(status, stderr).toBe(0);
    return (JSON.parse(stdout) as { ran: number }).ran;
  };
  expect(ran()).toBe(1);
  expect(ran()).toBe(0);
  writeFileSync(join(photos, 'blue', '3.png'), readFileSync(join(photos, 'blue', '4.png')));
  expect(ran()).toBe(1);
  expect(ran()).toBe(0);
  expect(readdirSync(join(folder, 's', 'indexes'))).toEqual([]);
}, 120_000);

it('a data set is prepared again when a picture has changed, whatever its size and time', () => {
  const build = () => {
    const { status, stdout, stderr } = neurodex(
      'dataset',
      'build',
      'photos',
      '--out',
      'd',
      '--preset',
      'quick',
      '--json',
    );
    expect(status, stderr).toBe(0);
    return (JSON.parse(stdout) as { built: boolean }).built;
  };
  expect([build(), build()]).toEqual([true, false]);
  writeFileSync(join(photos, 'blue', '5.png'), readFileSync(join(photos, 'blue', '6.png')));
  expect([build(), build()]).toEqual([true, false]);
  cpSync(photos, join(folder, 'elsewhere', 'photos'), { recursive: true });
  const moved = neurodex('dataset', 'build', 'elsewhere/photos', '--out', 'd', '--preset', 'quick', '--json');
  expect(JSON.parse(moved.stdout)).toMatchObject({ built: false });
  rmSync(join(folder, 'elsewhere', 'photos', 'blue', '1.png'));
  const other = neurodex('dataset', 'build', 'elsewhere/photos', '--out', 'd', '--preset', 'quick');
  expect([other.status, other.stderr]).toEqual([1, expect.stringContaining('holds another data set')]);
}, 120_000);
