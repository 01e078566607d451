import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cellKey, cellName, cellsOf, readGrid, type StudyGrid } from './grid.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-grid-'));
});
afterAll(() => rm(folder, { recursive: true }));

const grid: StudyGrid = {
  source: 'photos',
  flags: [],
  settings: { 'model.layers': 2 },
  sizes: [
    { pictures: 512, settings: { 'training.indexingEpochs': 9 } },
    { pictures: 64, settings: {} },
  ],
  orders: ['clustered', 'random'],
  trainings: ['fine-tuned', 'zero-shot'],
  systems: ['dsi', 'bovw', 'pixels'],
  seeds: [0, 7],
  measures: ['AP@10'],
};

async function fileOf(text: string): Promise<string> {
  const file = join(folder, `${Math.random()}.json`);
  await writeFile(file, text);
  return file;
}
const withChange = (change: object): Promise<string> => fileOf(JSON.stringify({ ...grid, ...change }));

describe('the cells of a grid', () => {
  it('are every size × seed for the baselines, × order × training for the DSI', () => {
    const cells = cellsOf(grid);
    expect(cells).toHaveLength(2 * 2 * (1 + 4));
    expect(new Set(cells.map((cell) => cellKey(grid, cell, 'x'))).size).toBe(cells.length);
    expect(cells[0]).toEqual({
      pictures: 512,
      seed: 0,
      systems: ['bovw', 'pixels'],
      settings: { 'model.layers': 2, 'dataset.maxPictures': 512, 'training.indexingEpochs': 9 },
    });
    const alone = cells.find(
      ({ order, training, pictures }) => order === 'random' && training === 'zero-shot' && pictures === 64,
    );
    expect(alone?.settings).toEqual({
      'model.layers': 2,
      'dataset.maxPictures': 64,
      'identifiers.order': 'random',
      'training.retrievalShare': 0,
      'training.retrievalEpochs': 0,
    });
    expect(cellName(alone ?? (cells[0] as never))).toBe('size 64, seed 0, random identifiers, zero-shot');
    expect(cellsOf({ ...grid, systems: ['dsi'] })).toHaveLength(16);
    expect(cellsOf({ ...grid, systems: ['pixels'] })).toHaveLength(4);
  });

  it('have another key where anything that matters is another, and the same one otherwise', () => {
    const [cell] = cellsOf(grid);
    if (cell === undefined) throw new Error('no cell');
    const key = cellKey(grid, cell, 'x');
    expect(cellKey({ ...grid, seeds: [0], orders: ['random'] }, cell, 'x')).toBe(key);
    expect(cellKey(grid, { ...cell, settings: Object.fromEntries(Object.entries(cell.settings).reverse()) }, 'x')).toBe(
      key,
    );
    for (const other of [{ source: 'others' }, { preset: 'quick' }, { measures: ['RR'] }, { flags: ['--from', 'x'] }]) {
      expect(cellKey({ ...grid, ...other }, cell, 'x')).not.toBe(key);
    }
    expect(cellKey(grid, { ...cell, settings: { ...cell.settings, 'model.layers': 3 } }, 'x')).not.toBe(key);
    expect(cellKey(grid, cell, 'other contents')).not.toBe(key);
  });
});

describe('the file of a grid', () => {
  it('is read as it stands', async () => {
    expect(await readGrid(await withChange({}))).toEqual(grid);
  });

  it.each([
    ['no file', () => join(folder, 'gone.json'), 'config-unreadable', 'gone.json cannot be read'],
    ['no JSON', () => fileOf('{"source":'), 'config-unreadable', 'is not valid JSON'],
    ['an unknown key', () => withChange({ seed: [1] }), 'config-unknown-key', 'a key "seed"'],
    ['an unknown key of a size', () => withChange({ sizes: [{ picture: 9 }] }), 'config-invalid', 'sizes.0.pictures'],
    ['no seeds', () => withChange({ seeds: [] }), 'config-invalid', 'seeds'],
    ['a seed twice', () => withChange({ seeds: [1, 1] }), 'config-invalid', 'a value stands there twice'],
    ['an unknown order', () => withChange({ orders: ['sorted'] }), 'config-invalid', 'orders.0'],
    ['an unknown measure', () => withChange({ measures: ['MAP@10'] }), 'usage', 'MAP@10'],
  ] as const)('%s is refused', async (_, file, code, message) => {
    await expect(readGrid(await file())).rejects.toMatchObject({
      code,
      exitStatus: 2,
      message: expect.stringContaining(message),
    });
  });
});
