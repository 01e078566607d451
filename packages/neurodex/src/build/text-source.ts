import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defined } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import type { StoredPictures } from '../artifact/catalogue-store.ts';
import { MODEL_FILE, TOKENIZER_FILE } from '../artifact/manifest.ts';
import type { Geometry } from '../dsi/model/geometry.ts';
import { deserialiseModel } from '../dsi/model/model-file.ts';
import { align } from '../models/text-encoder/aligned.ts';
import { TextTokenizer } from '../text/tokenizer.ts';
import { trainTokenizer } from '../text/train-bpe.ts';
import { textGeometry, vectorGeometry } from '../training/read.ts';
import type { TextPairs } from '../training/text-batches.ts';
import type { TextInputs } from '../training/text-inputs.ts';
import type { Build } from './build.ts';
import { type LearnedTexts, learnedTexts } from './learned-texts.ts';
import type { ChosenTextEncoder } from './open-text-encoder.ts';
import { shiftToPictures } from './text-shift.ts';

/** What the network learns to read with, the same whenever it is made. */
export interface TextSource {
  readonly geometry: Geometry;
  /** The bytes of tokenizer.json. */
  readonly tokenizer: Uint8Array;
  /** The parameters to begin with, in the order of `dsiParameters`; undefined: drawn from the seed. */
  readonly initial: Float32Array | undefined;
  readonly learned: LearnedTexts;
  /** Lengths of the texts in tokens, where the network reads tokens. */
  readonly lengths: readonly number[];
  inputs(): Promise<ShiftedTexts>;
}

/** Texts as the network reads them, and what was added to the vectors of a text encoder that is aligned with the pictures. */
export interface ShiftedTexts {
  readonly texts: TextInputs;
  readonly shift: readonly number[] | null;
}

export async function textSource(build: Build, store: StoredPictures): Promise<TextSource> {
  const chosen = await build.textEncoder();
  return chosen === undefined ? tokenSource(build, store) : await vectorSource(build, store, chosen);
}

/** Tokens that are learned from the texts. */
function tokenSource({ config, folder, seed }: Build, store: StoredPictures): TextSource {
  const learned = learnedTexts(store, { share: config.text.withheld, seed });
  const json = JSON.stringify(trainTokenizer(learned.texts, { vocabulary: config.text.vocabulary }));
  const tokenizer = TextTokenizer.parse(json, join(folder, TOKENIZER_FILE));
  const tokens = learned.texts.map((text) => tokenizer.encode(text));
  const lengths = tokens.map(({ length }) => length);
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  return {
    geometry: textGeometry(config, tokenizer.size, longest),
    tokenizer: Buffer.from(json),
    initial: undefined,
    learned,
    lengths,
    inputs: async () => ({ texts: { input: 'tokens', tokens }, shift: null }),
  };
}

/**
 * Vectors of a frozen text encoder. Where they lie in one space with those that the network sees, it reads them as it sees those: it begins
 * with its own parameters, and learns what its pictures' texts have to say beyond that.
 */
async function vectorSource(build: Build, store: StoredPictures, chosen: ChosenTextEncoder): Promise<TextSource> {
  const { config, folder, seed } = build;
  const { encoder, isAligned, tokenizer } = chosen;
  const { channels } = encoder.facts;
  const learned = learnedTexts(store, { share: config.text.withheld, seed });
  const file = join(folder, MODEL_FILE);
  const seeing = isAligned ? deserialiseModel(await readFile(file), file) : undefined;
  return {
    geometry: seeing?.geometry ?? vectorGeometry(config, channels),
    tokenizer,
    initial: seeing?.parameters,
    learned,
    lengths: [],
    async inputs() {
      const vectors = await embedTexts(build, chosen, learned.texts);
      const shift = isAligned ? await shiftToPictures(chosen, store, vectors) : null;
      if (shift !== null) align(vectors, shift);
      return { texts: { input: 'embeddings', vectors, channels }, shift };
    },
  };
}

/** Texts that are encoded between two looks at the progress. */
const STEP = 256;

async function embedTexts({ reporter, signal }: Build, { encoder }: ChosenTextEncoder, texts: readonly string[]) {
  const { channels } = encoder.facts;
  const vectors = new Float32Array(texts.length * channels);
  let long = 0;
  for (let done = 0; done < texts.length; ) {
    throwIfInterrupted(signal);
    const part = texts.slice(done, done + STEP);
    vectors.set(await encoder.embed(part, () => void long++), done * channels);
    done += part.length;
    reporter.progress({ phase: 'texts', done, total: texts.length, unit: 'texts' });
  }
  if (long > 0) {
    const { length } = encoder.facts;
    reporter.warn(`${long} of ${texts.length} texts are longer than the ${length} tokens that the text encoder reads`, {
      long,
    });
  }
  return vectors;
}

/** What the network learns to read, with the states that it learns it against. */
export function textPairs(texts: TextInputs, { pictures, rows }: LearnedTexts, store: StoredPictures): TextPairs {
  const all = defined(store.states(), 'the states of the catalogue');
  const width = all.length / store.rows.length;
  const states = new Float32Array(rows.length * width);
  for (const [place, row] of rows.entries()) states.set(all.subarray(row * width, (row + 1) * width), place * width);
  return { texts, pictures, states };
}
