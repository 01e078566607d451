import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PRECISIONS } from '@neurodex/autograd';
import { defined, silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../config.ts';
import { PRESETS } from '../presets/presets.ts';
import { showAttention } from './attention.ts';
import { createIndex } from './create-index.ts';
import { type ExportOptions, exportIndex } from './export-index.ts';
import { writeReport } from './report.ts';
import { searchIndex } from './search.ts';

const config: Config = {
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: 16, thumbnail: 32 },
  identifiers: { ...PRESETS.quick.identifiers, scheme: 'semantic', vectors: 'network', branching: 3, leafSize: 2 },
  split: { retrievalFraction: 0.6, validationFraction: 0.2, testFraction: 0.4 },
  model: { ...PRESETS.quick.model, patchSize: 8, width: 32, feedForwardWidth: 48 },
  training: { ...PRESETS.quick.training, plan: 'write', batchSize: 8, seeSteps: 4 },
};
const COLOURS = ['#d33', '#3a3', '#33d'];

let root = '';
let index = '';
let picture = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-memory-'));
  for (const [c, fill] of COLOURS.entries()) {
    const folder = join(root, 'shapes', `class ${c}`);
    await mkdir(folder, { recursive: true });
    for (let i = 0; i < 8; i++) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="30" height="30"><circle cx="${8 + i}" cy="${9 + (i % 5)}" r="7" fill="${fill}"/></svg>`;
      picture = join(folder, `${i}.png`);
      await writeFile(picture, await sharp(Buffer.from(svg)).flatten().png().toBuffer());
    }
  }
  index = join(root, 'shapes.index');
  const dataset = await openFolder(join(root, 'shapes'));
  const settings = { systems: ['dsi'], seed: 1, force: false, device: 'cpu', reporter: silentReporter } as const;
  await createIndex({ dataset, out: index, config, ...settings });
}, 60_000);
afterAll(() => rm(root, { recursive: true, force: true }));

describe('an index whose network has a memory', () => {
  const exporting = (out: ExportOptions['out'], precision: ExportOptions['precision']) =>
    exportIndex({ index, out, precision, k: 5, force: false, device: 'cpu', reporter: silentReporter });
  const json = async (file: string) => JSON.parse(await readFile(file, 'utf8'));

  it('is exported with states, rows and a program that compares them, in fewer bytes where it has fewer bits', async () => {
    const bytes: number[] = [];
    for (const precision of PRECISIONS) {
      const [onnx, triton] = [join(root, `onnx ${precision}`), join(root, `triton ${precision}`)];
      const { measured } = await exporting({ onnx, triton }, precision);
      if (precision === 'float32') expect(measured).toBeNull();
      else expect(measured).toMatchObject({ measure: 'AP@10', split: 'test', queries: expect.any(Number) });
      const { geometry, memory, trie, scheme } = await json(join(onnx, 'description.json'));
      expect([geometry.output, scheme.embedding]).toEqual(['memory', 'memory']);
      expect(memory.temperature).toBeGreaterThan(0);
      expect(memory.squares).toHaveLength(trie.parents.length);
      expect(await readFile(join(onnx, 'search.py'), 'utf8')).toContain('index["memory"]["temperature"]');
      const readme = await readFile(join(onnx, 'README.md'), 'utf8');
      expect(readme).toContain('`states`: unit vectors, float32 [batch, 32]');
      expect(readme).not.toContain('keys0');
      bytes.push((await stat(join(onnx, 'decoder_model.onnx'))).size);
    }
    expect(bytes).toEqual([...bytes].sort((a, b) => b - a));
    expect(new Set(bytes).size).toBe(3);
  });

  it('shows the attention of BOS for every token, whose probabilities multiply to the score', async () => {
    const { tokens, identifier } = await showAttention({ index, file: picture, device: 'cpu' });
    const asked = { index, files: [picture], k: 1, system: 'dsi', device: 'cpu', reporter: silentReporter } as const;
    const found = await searchIndex(asked);
    const best = defined(found.results[0]?.answers[0], 'the best answer');
    expect(best.identifier).toBe(identifier);
    expect(new Set(tokens.map(({ lastLayer }) => String(lastLayer.patches))).size).toBe(1);
    expect(tokens.reduce((sum, { probability }) => sum + Math.log(probability), 0)).toBeCloseTo(best.score, 4);
  });

  it('is reported with its decoding and attention', async () => {
    const report = { index, out: join(root, 'report.html'), split: 'test', device: 'cpu' } as const;
    const { decoded } = await writeReport({ ...report, reporter: silentReporter });
    expect(decoded.length).toBeGreaterThan(0);
    for (const { attention, tree } of decoded) {
      expect(attention.length).toBeGreaterThan(0);
      expect(tree.probability).toBeCloseTo(1, 5);
    }
  });
});
