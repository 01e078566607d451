import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '@neurodex/autograd';
import { silentReporter } from '@neurodex/core';
import { openFolder } from '@neurodex/datasets';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noMount, onTinyDisk } from '../../../core/src/storage/tiny-disk.fixture.ts';
import { openArtifact } from '../artifact/index-artifact.ts';
import type { Config } from '../config.ts';
import { PRESETS } from '../presets/presets.ts';
import { createIndex } from './create-index.ts';
import { inspectIndex } from './inspect-index.ts';

/** Runs of the plan `write` that stop, and go on. */
const config: Config = {
  ...PRESETS.quick,
  text: { ...PRESETS.default.text, tokens: 16, layers: 1, batchSize: 8, steps: 60 },
  pictures: { ...PRESETS.quick.pictures, size: 16, thumbnail: 32 },
  split: { retrievalFraction: 0.7, validationFraction: 0.2, testFraction: 0.2 },
  model: { ...PRESETS.quick.model, patchSize: 8, width: 32, feedForwardWidth: 48, dropout: 0.1 },
  identifiers: { ...PRESETS.quick.identifiers, scheme: 'semantic', vectors: 'network', leafSize: 4, branching: 3 },
  training: { ...PRESETS.quick.training, plan: 'write', seeSteps: 6, batchSize: 12, checkpointEvery: 2 },
};

let root = '';

/** Takes all the room of a disk. */
function fill(file: string): void {
  const handle = openSync(file, 'w');
  try {
    for (let size = 1 << 16; size > 0; ) {
      try {
        writeSync(handle, new Uint8Array(size));
      } catch {
        size >>= 1;
      }
    }
  } finally {
    closeSync(handle);
  }
}

async function draw(folder: string): Promise<void> {
  for (const [name, colour] of Object.entries({ red: '#c22', blue: '#22c', green: '#2a2' })) {
    await mkdir(join(folder, name), { recursive: true });
    for (let i = 0; i < 8; i++) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><rect width="32" height="32" fill="#eee"/><circle cx="${10 + i}" cy="16" r="${5 + (i % 4)}" fill="${colour}"/></svg>`;
      await writeFile(join(folder, name, `${i}.png`), await sharp(Buffer.from(svg)).png().toBuffer());
    }
  }
}

/** Where a run stops: how much of a phase is done, at its first word where that is left out; or what is said. */
interface StopAt {
  readonly phase?: string;
  readonly done?: number;
  readonly said?: string;
  /** In place of stopping. */
  readonly instead?: () => void;
}

/** @param how the run is told to stop, or something throws in the middle of its work */
async function indexing(
  name: string,
  resume: boolean,
  stopAt?: StopAt,
  how: 'interrupted' | 'broken' = 'interrupted',
  folder = root,
) {
  const said: string[] = [];
  const controller = new AbortController();
  const stop = (): void => {
    if (stopAt?.instead !== undefined) stopAt.instead();
    else if (how === 'broken') throw new Error('broken');
    else controller.abort();
  };
  const summary = createIndex({
    dataset: await openFolder(join(root, 'pictures')),
    out: join(folder, name),
    config,
    systems: ['dsi', 'pixels'],
    seed: 1,
    force: false,
    device: 'cpu',
    resume,
    signal: controller.signal,
    reporter: {
      ...silentReporter,
      info(message) {
        said.push(message);
        if (stopAt?.said !== undefined && message.startsWith(stopAt.said)) stop();
      },
      progress({ phase, done }) {
        if (phase === stopAt?.phase && done === (stopAt.done ?? done)) stop();
      },
    },
  });
  return { said, summary };
}

const model = (name: string) => readFile(join(root, name, 'model.safetensors'));
const reader = (name: string) => readFile(join(root, name, 'text.safetensors'));
/** It lists the states, from which the rows of the memory follow, with their digests. */
const catalogue = (name: string) => readFile(join(root, name, 'catalogue', 'catalogue.json'), 'utf8');
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
    // The rows of its memory follow from the states in the catalogue.
    expect(Object.keys(tensors).filter((name) => name.startsWith('memory'))).toEqual(['memory.temperature']);
    const index = await openArtifact(join(root, 'whole'));
    const { model: network } = await index.network();
    expect(network.memory?.rows).toHaveLength(embeddingRows * width);
    expect(index.store.states()).toHaveLength(index.store.rows.length * width);
    await index.close();
    const numbers = Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0);
    // The temperature is no parameter.
    expect(facts.parameters).toBe(numbers - 1 + embeddingRows * width);
    expect(facts.unlisted).toEqual([]);
    expect(facts.training?.validation).toMatchObject({ 'IA@1': expect.any(Number), ECE: expect.any(Number) });
  });

  it.each([
    ['learns to see', { phase: 'see', done: 3 }, 3],
    ['learned to see', { phase: 'see', done: 6 }, 6],
    ['makes states', { phase: 'states' }, undefined],
    ['names pictures', { phase: 'identifiers' }, undefined],
    ['writes rows', { said: 'write: ' }, undefined],
    ['learns to read', { phase: 'read', done: 30 }, undefined],
  ] as const)(
    'that is interrupted while it %s goes on to the same network and the same log',
    async (_, stopAt, from) => {
      const name = JSON.stringify(stopAt);
      await expect((await indexing(name, false, stopAt)).summary).rejects.toMatchObject({ code: 'interrupted' });
      const { summary, said } = await indexing(name, true);
      expect((await summary).steps).toBe(6);
      await expectSame(name);
      if (from === undefined) return;
      expect(said).toContainEqual(expect.stringMatching(new RegExp(`partial from step ${from}$`)));
      const log = await logOf(name);
      expect(log.flatMap(({ kind, resumedFrom }) => (kind === 'start' ? [resumedFrom] : []))).toEqual([
        undefined,
        from,
      ]);
    },
  );

  it('that breaks in each stage, one after the other, goes on to the same network and the same log', async () => {
    for (const stopAt of [
      { phase: 'see', done: 1 },
      { phase: 'see', done: 5 },
      { phase: 'states' },
      { phase: 'identifiers' },
      { said: 'write: ' },
    ]) {
      await expect((await indexing('broken', true, stopAt, 'broken')).summary).rejects.toThrow('broken');
      await expect(readFile(join(root, 'broken', 'index.json'))).rejects.toThrow('ENOENT');
    }
    const { summary, said } = await indexing('broken', true);
    await summary;
    // Only the rows are written once more.
    expect(said).toContainEqual(expect.stringMatching(/partial: identify is complete$/));
    await expectSame('broken');
  });
});

async function expectSame(name: string): Promise<void> {
  expect(Buffer.compare(await reader(name), await reader('whole'))).toBe(0);
  expect(await model(name)).toEqual(await model('whole'));
  expect(await catalogue(name)).toBe(await catalogue('whole'));
  const [whole, log] = [await logOf('whole'), await logOf(name)];
  const stepsOf = (events: typeof log, kind: string) =>
    events.filter((event) => event.kind === kind).map(({ step }) => step);
  for (const kind of ['step', 'validation', 'end']) expect(stepsOf(log, kind), kind).toEqual(stepsOf(whole, kind));
}

it.skipIf(noMount !== undefined)(
  `a disk that is full when the rows are written leaves the run as it was, and no index${noMount ? ` (skipped: ${noMount})` : ''}`,
  async () => {
    // Rows for 24 pictures are small: something else takes the room that is left, as soon as they are made.
    await onTinyDisk(async (disk) => {
      const filler = join(disk, 'filler');
      const full = { said: 'write: ', instead: () => fill(filler) };
      await expect((await indexing('full', false, full, 'interrupted', disk)).summary).rejects.toMatchObject({
        code: 'disk-full',
      });
      expect((await readdir(disk)).sort()).toEqual(['filler', 'full.partial']);
      expect(await readdir(join(disk, 'full.partial'))).not.toContain('model.safetensors');
      await rm(filler);
      await (await indexing('full', true, undefined, 'interrupted', disk)).summary;
      expect(await readdir(disk)).toEqual(['full']);
      expect(await readFile(join(disk, 'full', 'model.safetensors'))).toEqual(await model('whole'));
    }, 4096);
  },
);
