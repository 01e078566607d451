import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Reporter } from '@neurodex/core';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../cli/test-io.fixture.ts';
import { PRESETS } from '../presets/presets.ts';
import { runStudy } from '../study/study.ts';
import { buildDataset } from './build-dataset.ts';
import { createIndex } from './create-index.ts';
import { openSource } from './open-source.ts';
import { showDataset } from './show-dataset.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-doubtful-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const config = { ...PRESETS.quick, pictures: { ...PRESETS.quick.pictures, size: 16, thumbnail: 24 } };

async function put(...paths: readonly string[]): Promise<string> {
  for (const [i, path] of paths.entries()) {
    const at = join(root, 'pics', path);
    await mkdir(dirname(at), { recursive: true });
    const background = { r: (9 * i) % 256, g: 100, b: 40 };
    const picture = sharp({ create: { width: 12, height: 12, channels: 3, background } });
    await writeFile(at, /\.jpg$/.test(path) ? await picture.jpeg().toBuffer() : 'x');
  }
  return join(root, 'pics');
}

/** What is told, in order. */
function collecting(): { readonly said: string[]; readonly reporter: Reporter } {
  const said: string[] = [];
  const tell = (kind: string) => (message: string) => void said.push(`${kind}: ${message}`);
  return {
    said,
    reporter: { warn: tell('warning'), info: tell('info'), progress: ({ phase }) => void said.push(phase) },
  };
}

const opened = async (path: string, reporter: Reporter) =>
  (await openSource({ source: path, path, config, seed: 0, environment: {}, reporter })).dataset;
const each = (folder: string): string[] => Array.from({ length: 12 }, (_, i) => i).map((i) => `${folder}/${i}.jpg`);

describe('a source that is doubtful', () => {
  it.each([
    ['one class', ['cat'], 'one-class'],
    ['classes called like splits', ['exam', 'test'], 'split-classes'],
    ['no labels', ['images'], 'no-labels'],
  ])('%s: warned of before any picture is read, and in the summary', async (_, folders, code) => {
    const path = await put(...folders.flatMap(each), '.DS_Store', 'a.csv', 'b.csv');
    const { said, reporter } = collecting();
    const common = { config, seed: 0, force: false, reporter };
    const dataset = await opened(path, reporter);
    const [shown, built, index] = [
      await showDataset({ dataset, config, examples: 2, reporter }),
      await buildDataset({ ...common, dataset, out: join(root, 'built') }),
      await createIndex({ ...common, dataset, out: join(root, 'index'), systems: ['pixels'], device: 'cpu' }),
    ];
    for (const summary of [shown, built, index]) {
      expect(summary.warnings.map((warning) => warning.code)).toContain(code);
      expect(summary.skippedKinds).toEqual([
        { kind: 'not a picture file (.csv)', count: 2 },
        { kind: 'hidden (.DS_Store)', count: 1 },
      ]);
    }
    const { message } = shown.warnings.find((warning) => warning.code === code) ?? { message: '' };
    const at = said.flatMap((text, i) => (text === `warning: ${message}` ? [i] : []));
    expect(at).toHaveLength(3);
    expect(at[1]).toBeLessThan(said.indexOf('ingest'));
    expect(at[2]).toBeLessThan(said.lastIndexOf('ingest'));
  });

  it('a sound one is warned of by nobody', async () => {
    const path = await put(...each('train/cat'), ...each('test/dog'));
    const { said, reporter } = collecting();
    const facts = await showDataset({ dataset: await opened(path, reporter), config, examples: 2, reporter });
    expect(facts.warnings).toEqual([]);
    expect(facts.layout).toEqual([expect.stringContaining('read as splits')]);
    expect(said).toEqual([`info: ${facts.layout[0]}`]);
  });

  it('a study tells once what its cells are warned of', async () => {
    const path = await put(...each('cat'));
    const grid = {
      source: path,
      preset: 'quick',
      sizes: [{ pictures: 8 }],
      orders: ['random'],
      trainings: ['fine-tuned'],
      systems: ['pixels'],
      seeds: [0, 1],
      measures: ['RR'],
    };
    await writeFile(join(root, 'grid.json'), JSON.stringify(grid));
    const { said, reporter } = collecting();
    const summary = await runStudy({
      grid: join(root, 'grid.json'),
      out: join(root, 'study'),
      jobs: 1,
      keep: false,
      cwd: root,
      reporter,
    });
    expect(summary.failed).toEqual([]);
    expect(summary.warnings).toEqual([expect.stringContaining('all pictures are of one class, "cat"')]);
    expect(said.filter((text) => text.startsWith('warning'))).toEqual([`warning: ${summary.warnings[0]}`]);
  });
});

describe('the command line', () => {
  const real = { openSource, showDataset };

  it('shows a blank at the end of a class, and counts what was skipped by reason', async () => {
    await put(...each('dog '), ...each('cat'), 'a.txt', 'b.txt', 'c.xml');
    const { stdout, status } = await runCli(['dataset', 'show', 'pics'], { io: { cwd: root }, jobs: real });
    expect(status).toBe(0);
    expect(stdout).toContain('\n  "dog "  12\n');
    expect(stdout).toContain('\n  cat  12\n');
    expect(stdout).toContain('  dog /0.jpg: "dog "\n');
    expect(stdout).toMatch(
      /skipped {5}3 files and rows .*\n +2 × not a picture file \(\.txt\)\n +1 × not a picture file \(\.xml\)\n/,
    );
  });

  it('takes the class from --class-level, which goes with folders', async () => {
    await put(...each('train/dog'), ...each('test/cat'));
    const show = (...flags: string[]) =>
      runCli(['dataset', 'show', 'pics', '--json', ...flags], { io: { cwd: root }, jobs: real });
    const classes = async (...flags: string[]) =>
      JSON.parse((await show(...flags)).stdout).classes.map(({ name }: { name: string }) => name);
    expect(await classes()).toEqual(['cat', 'dog']);
    expect(await classes('--class-level', '1')).toEqual(['test', 'train']);
    const { stderr } = await show('--class-level', '1');
    expect(stderr).toContain('"warning":{"message":"2 classes are named like a split');
    const refused = await show('--label-column', 'x');
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringContaining('--label-column goes with imagefolder, parquet, jsonl and csv'),
    ]);
  });
});
