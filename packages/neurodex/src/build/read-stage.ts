import { join } from 'node:path';
import { parameterCount } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import { digestFile, throwIfInterrupted, writeFileAtomically } from '@neurodex/core/storage';
import type { StoredPictures } from '../artifact/catalogue-store.ts';
import {
  CATALOGUE_FILE,
  type IndexManifest,
  MODEL_FILE,
  TEXT_MODEL_FILE,
  TOKENIZER_FILE,
} from '../artifact/manifest.ts';
import { serialiseForIndex } from '../dsi/model/model-file.ts';
import { TextTokenizer } from '../text/tokenizer.ts';
import { trainTokenizer } from '../text/train-bpe.ts';
import type { Checkpoint, CheckpointContext } from '../training/checkpoint.ts';
import { CheckpointFolder } from '../training/checkpoint-folder.ts';
import { read, readParameters, textGeometry } from '../training/read.ts';
import type { TextPairs } from '../training/text-batches.ts';
import type { Build } from './build.ts';
import { learnedTexts } from './learned-texts.ts';
import { readsTexts } from './reads-texts.ts';
import { runOptions } from './run-options.ts';
import type { Stage } from './stage.ts';
import { openCatalogueOf } from './train-stage.ts';
import { TEXT_CHECKPOINTS_FOLDER } from './unfinished-run.ts';

/** What a network learned to read. */
export interface ReadNetwork {
  readonly steps: number;
  readonly text: NonNullable<IndexManifest['text']>;
}

export const readStage: Stage<ReadNetwork> = {
  name: 'read',
  summary: 'the network learns to read: the captions, labels and names of its pictures',
  reads: [CATALOGUE_FILE, MODEL_FILE],
  writes: [TEXT_CHECKPOINTS_FOLDER, TOKENIZER_FILE, TEXT_MODEL_FILE],
  drops: [TEXT_CHECKPOINTS_FOLDER],
  resumes: 'unless-complete',
  isPart: (request) => readsTexts(request),
  async run(build) {
    const store = await openCatalogueOf(build);
    try {
      return await readTexts(build, store);
    } finally {
      await store.close();
    }
  },
};

/** Where reading stopped; undefined where it has not begun. */
export async function latestRead(build: Build): Promise<(Checkpoint & CheckpointContext) | undefined> {
  const store = await openCatalogueOf(build);
  try {
    const { geometry } = sourceOf(build, store);
    return await checkpointsOf(build).latest(parameterCount(readParameters({ geometry })));
  } finally {
    await store.close();
  }
}

const checkpointsOf = ({ folder, reporter }: Build): CheckpointFolder =>
  new CheckpointFolder(join(folder, TEXT_CHECKPOINTS_FOLDER), reporter);

/** The tokenizer, and what is read with it: the same whenever it is made. */
function sourceOf(build: Build, store: StoredPictures) {
  const { config, folder } = build;
  const { texts, pictures, states, unread } = learned(store);
  const json = JSON.stringify(trainTokenizer(texts, { vocabulary: config.text.vocabulary }));
  const tokenizer = TextTokenizer.parse(json, join(folder, TOKENIZER_FILE));
  const tokens = texts.map((text) => tokenizer.encode(text));
  const longest = tokens.reduce((most, { length }) => Math.max(most, length), 0);
  const pairs: TextPairs = { tokens, pictures, states };
  return { json, unread, pairs, geometry: textGeometry(config, tokenizer.size, longest) };
}

async function readTexts(build: Build, store: StoredPictures): Promise<ReadNetwork> {
  const { config, folder, reporter, signal } = build;
  const { json, unread, pairs, geometry } = sourceOf(build, store);
  const { tokens } = pairs;
  if (unread > 0) reporter.warn(`${unread} captions, labels and names cannot be read, and are left out`, { unread });
  warnOfLongTexts(build, tokens);
  throwIfInterrupted(signal);
  await writeFileAtomically(join(folder, TOKENIZER_FILE), json);
  const checkpoints = checkpointsOf(build);
  const trained = await read(
    { geometry, config, pairs },
    {
      ...runOptions(build, checkpoints),
      resumeFrom: await checkpoints.latest(parameterCount(readParameters({ geometry }))),
    },
  );
  const { parameters } = trained;
  const memory = { rows: new Float32Array(), temperature: 1 / config.training.contrast };
  await writeFileAtomically(
    join(folder, TEXT_MODEL_FILE),
    serialiseForIndex({ geometry, parameters, prefixes: undefined, memory }),
  );
  return {
    steps: trained.steps,
    text: {
      tokenizer: await listedFile(folder, TOKENIZER_FILE),
      model: { ...(await listedFile(folder, TEXT_MODEL_FILE)), parameters: parameters.length },
      texts: tokens.length,
    },
  };
}

async function listedFile<Name extends string>(folder: string, file: Name) {
  const { bytes, sha256 } = await digestFile(join(folder, file));
  return { file, bytes, sha256 };
}

/** What the network learns to read, and the states that it learns it against. */
function learned(store: StoredPictures) {
  const all = defined(store.states(), 'the states of the catalogue');
  const width = all.length / store.rows.length;
  const { texts, pictures, rows, unread } = learnedTexts(store);
  const states = new Float32Array(rows.length * width);
  for (const [place, row] of rows.entries()) states.set(all.subarray(row * width, (row + 1) * width), place * width);
  return { texts, pictures, states, unread };
}

function warnOfLongTexts({ reporter, config }: Build, tokens: readonly (readonly number[])[]): void {
  const { tokens: most } = config.text;
  const long = tokens.filter(({ length }) => length > most).length;
  if (long === 0) return;
  reporter.warn(`${long} of ${tokens.length} texts are longer than text.tokens ${most}, and are read to there`, {
    long,
  });
}
