import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '@neurodex/autograd';
import { silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../config.ts';
import { PRESETS } from '../presets/presets.ts';
import { createIndex } from './create-index.ts';
import { inspectIndex } from './inspect-index.ts';

/** Runs of the plan `write` that stop, and go on. */
const config: Config = {
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: 16, thumbnail: 32 },
  split: { retrievalFraction: 0.7, validationFraction: 0.2, testFraction: 0.2 },
  model: { ...PRESETS.quick.model, patchSize: 8, width: 32, feedForwardWidth: 48, dropout: 0.1 },
  identifiers: { ...PRESETS.quick.identifiers, scheme: 'semantic', vectors: 'network', leafSize: 4, branching: 3 },
  training: { ...PRESETS.quick.training, plan: 'write', seeSteps: 20, batchSize: 12, checkpointEvery: 8 },
};

let root = '';

async function draw(folder: string): Promise<void> {
  for (const [name, colour] of Object.entries({ red: '#c22', blue: '#22c', green: '#2a2' })) {
    await mkdir(join(folder, name), { recursive: true });
    for (let i = 0; i < 8; i++) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><rect width="32" height="32" fill="#eee"/><circle cx="${10 + i}" cy="16" r="${5 + (i % 4)}" fill="${colour}"/></svg>`;
      await writeFile(join(folder, name, `${i}.png`), await sharp(Buffer.from(svg)).png().toBuffer());
    }
  }
}

/** @param stopAt a phase of the work, and how much of it is done when the run is interrupted */
async function indexing(name: string, resume: boolean, stopAt?: readonly [phase: string, done: number]) {
  const said: string[] = [];
  const controller = new AbortController();
  const summary = createIndex({
    dataset: await openFolder(join(root, 'pictures')),
    out: join(root, name),
    config,
    systems: ['dsi', 'pixels'],
    seed: 1,
    force: false,
    device: 'cpu',
    resume,
    signal: controller.signal,
    reporter: {
      ...silentReporter,
      info: (message) => void said.push(message),
      progress: ({ phase, done }) => {
        if (phase === stopAt?.[0] && done === stopAt[1]) controller.abort();
      },
    },
  });
  return { said, summary };
}

const model = (name: string) => readFile(join(root, name, 'model.safetensors'));
const logOf = async (name: string) =>
  (await readFile(join(root, name, 'run.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string; step?: number; resumedFrom?: number });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-resume-write-'));
  await draw(join(root, 'pictures'));
  await (await indexing('whole', false)).summary;
}, 60_000);
afterAll(() => rm(root, { recursive: true, force: true }));

describe('a run of the plan write', () => {
  it('has a memory of its pictures, and files that are as they were written', async () => {
    const facts = await inspectIndex({ index: join(root, 'whole'), verify: true, reporter: silentReporter });
    const { metadata, tensors } = readSafetensors(await model('whole'));
    const { output, embeddingRows, width } = JSON.parse(metadata.geometry ?? '');
    expect(output).toBe('memory');
    expect(tensors['memory.rows']?.shape).toEqual([embeddingRows, width]);
    const numbers = Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0);
    // All but the temperature.
    expect(facts.parameters).toBe(numbers - 1);
    expect(facts.unlisted).toEqual([]);
    expect(facts.training?.validation).toMatchObject({ 'IA@1': expect.any(Number), ECE: expect.any(Number) });
  });

  it.each([
    ['learns to see', ['see', 13], 13],
    ['makes states', ['states', 6], undefined],
  ] as const)(
    'that is interrupted while it %s goes on to the same network and the same log',
    async (_, stopAt, from) => {
      const name = stopAt[0];
      await expect((await indexing(name, false, stopAt)).summary).rejects.toMatchObject({ code: 'interrupted' });
      const { summary, said } = await indexing(name, true);
      const { steps } = await summary;
      expect(await model(name)).toEqual(await model('whole'));
      const [whole, log] = [await logOf('whole'), await logOf(name)];
      const stepsOf = (events: typeof log, kind: string) =>
        events.filter((event) => event.kind === kind).map(({ step }) => step);
      for (const kind of ['step', 'validation', 'end']) expect(stepsOf(log, kind), kind).toEqual(stepsOf(whole, kind));
      expect(steps).toBe(20);
      if (from !== undefined) {
        expect(said).toContainEqual(expect.stringMatching(new RegExp(`partial from step ${from}$`)));
        expect(log.flatMap(({ kind, resumedFrom }) => (kind === 'start' ? [resumedFrom] : []))).toEqual([
          undefined,
          from,
        ]);
      }
    },
  );
});
