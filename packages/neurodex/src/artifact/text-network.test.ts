import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialParameters, Random } from '@neurodex/autograd';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { serialiseForIndex } from '../dsi/model/model-file.ts';
import { dsiParameters } from '../dsi/model/parameters.ts';
import { PRESETS } from '../presets/presets.ts';
import { trainTokenizer } from '../text/train-bpe.ts';
import { textGeometry } from '../training/read.ts';
import type { IndexFiles } from './index-files.ts';
import { TEXT_MODEL_FILE, TOKENIZER_FILE } from './manifest.ts';
import { readTextNetwork } from './text-network.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-text-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const tokenizer = (words: readonly string[]): Uint8Array =>
  Buffer.from(JSON.stringify(trainTokenizer(words, { vocabulary: 300 })));
const RED = tokenizer(['red red bicycle', 'red']);

function modelOf(vocabulary: number, changes: object = {}): Uint8Array {
  const geometry = { ...textGeometry(PRESETS.default, vocabulary, 4), ...changes };
  const parameters = initialParameters(dsiParameters(geometry), Random.seeded(1));
  return serialiseForIndex({
    geometry,
    parameters,
    prefixes: undefined,
    memory: { rows: new Float32Array(), temperature: 10 },
  });
}

/** Files that are what they are listed as. */
const filesOf = (contents: Readonly<Record<string, Uint8Array>>): IndexFiles =>
  ({
    manifest: { text: { tokenizer: { file: TOKENIZER_FILE }, model: { file: TEXT_MODEL_FILE } } },
    pathOf: ({ file }: { file: string }) => join(folder, file),
    read: async ({ file }: { file: string }) => contents[file] ?? new Uint8Array(),
  }) as unknown as IndexFiles;
const { width } = PRESETS.default.model;

it('a network that reads comes with its tokenizer', async () => {
  expect(await readTextNetwork({ manifest: {} } as IndexFiles, width)).toBeUndefined();
  const size = JSON.parse(Buffer.from(RED).toString()).model.vocab;
  const count = Object.keys(size).length;
  const files = filesOf({ [TOKENIZER_FILE]: RED, [TEXT_MODEL_FILE]: modelOf(count) });
  const { tokenizer: words, model } = (await readTextNetwork(files, width)) ?? expect.unreachable();
  expect(words.encode('Red')).toHaveLength(1);
  expect(model.geometry).toMatchObject({ input: 'tokens', textVocabulary: count, sequenceLength: 16, width });
});

it.each([
  ['with another tokenizer', 299, {}, width, /tokenizer\.json has \d+ tokens, and its model was trained with 299/],
  [
    'of another width than the network that sees',
    0,
    {},
    64,
    /makes states of 96 numbers, and the network that sees makes 64/,
  ],
  [
    'that sees',
    0,
    { input: 'pixels', textVocabulary: undefined, sequenceLength: 4 },
    width,
    /does not hold a network that reads/,
  ],
])('a network %s is refused', async (_, vocabulary, changes, wanted, message) => {
  const count = vocabulary || Object.keys(JSON.parse(Buffer.from(RED).toString()).model.vocab).length;
  const files = filesOf({ [TOKENIZER_FILE]: RED, [TEXT_MODEL_FILE]: modelOf(count, changes) });
  const refused = readTextNetwork(files, wanted);
  await expect(refused).rejects.toMatchObject({ code: 'index-damaged', message: expect.stringMatching(message) });
});
