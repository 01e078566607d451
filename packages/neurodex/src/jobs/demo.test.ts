import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runDemo, withoutCopies } from './demo.ts';
import { searchIndex } from './search.ts';

/** The demo on drawings made here: every "artist" draws each thing in a size and place of its own. */
const THINGS = { sun: '#e8b000', sea: '#2060d0', leaf: '#20a040', brick: '#b03020' } as const;
const ARTISTS = { catalogue: ['a', 'b'], train: ['c', 'd', 'e'], validation: ['f'], test: ['g'] } as const;

let root = '';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-demo-'));
  let shade = 0;
  for (const [role, artists] of Object.entries(ARTISTS)) {
    for (const [thing, colour] of Object.entries(THINGS)) {
      await mkdir(join(root, 'pictures', role, thing), { recursive: true });
      for (const artist of artists) {
        const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><circle cx="${10 + (shade % 13)}" cy="16" r="${9 + (shade++ % 5)}" fill="${colour}"/></svg>`;
        await writeFile(
          join(root, 'pictures', role, thing, `${artist}.png`),
          await sharp(Buffer.from(svg)).png().toBuffer(),
        );
      }
    }
  }
});
afterAll(() => rm(root, { recursive: true, force: true }));

it('says of its own drawings only what a user can do something about', () => {
  const said: string[] = [];
  const tell = (message: string): void => void said.push(message);
  const reporter = withoutCopies({ progress: ({ phase }) => tell(phase), info: tell, warn: tell });
  reporter.warn('1 file shows a picture that another file shows', { copies: 1 });
  reporter.warn('the loss became NaN', { step: 3 });
  reporter.warn('bovw is left out');
  reporter.info('fetching');
  reporter.progress({ phase: 'see', done: 1, unit: 'steps' });
  expect(said).toEqual(['the loss became NaN', 'bovw is left out', 'fetching', 'see']);
});

describe('the demo', () => {
  const demo = (force = false) =>
    runDemo({
      out: join(root, 'out'),
      concepts: 4,
      seed: 1,
      preset: 'quick',
      force,
      device: 'cpu',
      reporter: silentReporter,
      openDataset: () => openFolder(join(root, 'pictures')),
    });

  it('leaves an index, its measures, a contact sheet, a learning curve and pictures to search with', async () => {
    const result = await demo();
    expect(result.evaluation).toMatchObject({ catalogue: 8, queries: 4 });
    expect(Object.keys(result.evaluation.systems)).toEqual(['dsi', 'pixels']);
    expect((await readdir(join(root, 'out'))).sort()).toEqual([
      'contact-sheet.png',
      'files.json',
      'index',
      'learning-curve.svg',
      'measures.txt',
      'queries',
    ]);
    expect((await sharp(result.contactSheet).metadata()).format).toBe('png');
    expect(await readFile(result.learningCurve, 'utf8')).toMatch(/^<svg/);
    const measures = await readFile(join(root, 'out', 'measures.txt'), 'utf8');
    const shown = result.evaluation.systems.dsi?.['AP@10']?.toFixed(3) ?? '';
    expect(measures.split('\n').find((line) => line.startsWith('AP@10'))).toContain(shown);

    const { results } = await searchIndex({
      index: result.index,
      files: [result.tryNext],
      k: 2,
      system: 'dsi',
      device: 'cpu',
      reporter: silentReporter,
    });
    expect(result.tryNext.startsWith(join(root, 'out', 'queries'))).toBe(true);
    expect(results[0]?.answers).toHaveLength(2);
  });

  it('is not made over another, unless asked to', async () => {
    await expect(demo()).rejects.toMatchObject({ code: 'output-exists' });
    await demo(true);
    expect((await readdir(root)).sort()).toEqual(['out', 'pictures']);
  });
});
