import { join } from 'node:path';
import { parameterCount } from '@neurodex/autograd';
import { defined, NeurodexError } from '@neurodex/core';
import { digestFile, throwIfInterrupted, writeFileAtomically } from '@neurodex/core/storage';
import { trackedReporter } from '@neurodex/tracking';
import type { StoredPictures } from '../artifact/catalogue-store.ts';
import {
  CATALOGUE_FILE,
  type IndexManifest,
  MODEL_FILE,
  TEXT_MODEL_FILE,
  TOKENIZER_FILE,
} from '../artifact/manifest.ts';
import { serialiseForIndex } from '../dsi/model/model-file.ts';
import { allTexts } from '../pictures/picture-texts.ts';
import { foldCase, normaliseText } from '../text/normalise.ts';
import { TextTokenizer } from '../text/tokenizer.ts';
import { trainTokenizer } from '../text/train-bpe.ts';
import { CheckpointFolder } from '../training/checkpoint-folder.ts';
import { read, readParameters, textGeometry } from '../training/read.ts';
import type { TextPairs } from '../training/text-batches.ts';
import type { Build } from './build.ts';
import { readsTexts } from './reads-texts.ts';
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

async function readTexts(build: Build, store: StoredPictures): Promise<ReadNetwork> {
  const { config, folder, reporter, signal } = build;
  const { texts, pictures, states } = learnedTexts(build, store);
  const json = JSON.stringify(trainTokenizer(texts, { vocabulary: config.text.vocabulary }));
  throwIfInterrupted(signal);
  await writeFileAtomically(join(folder, TOKENIZER_FILE), json);
  const tokenizer = TextTokenizer.parse(json, join(folder, TOKENIZER_FILE));
  const tokens = texts.map((text) => tokenizer.encode(text));
  warnOfLongTexts(build, tokens);
  const longest = tokens.reduce((most, { length }) => Math.max(most, length), 0);
  const geometry = textGeometry(config, tokenizer.size, longest);
  const pairs: TextPairs = { tokens, pictures, states };
  const checkpoints = new CheckpointFolder(join(folder, TEXT_CHECKPOINTS_FOLDER), reporter);
  const trained = await read(
    { geometry, config, pairs },
    {
      seed: build.seed,
      runtime: build.runtime,
      tracker: build.tracker,
      reporter: trackedReporter(reporter, build.tracker),
      signal,
      onNan: build.onNan,
      resumeFrom: await checkpoints.latest(parameterCount(readParameters({ geometry }))),
      ...(build.keepUnfinished === false
        ? {}
        : {
            checkpoints: {
              save: (each) => checkpoints.save(each, { seconds: build.elapsed(), logBytes: build.log.sync() }),
              settled: () => checkpoints.settled(),
            },
          }),
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
      texts: texts.length,
    },
  };
}

async function listedFile<Name extends string>(folder: string, file: Name) {
  const { bytes, sha256 } = await digestFile(join(folder, file));
  return { file, bytes, sha256 };
}

/** The texts of catalogue pictures and training queries, each once, with its pictures. What cannot be read is counted. */
function learnedTexts({ reporter }: Build, store: StoredPictures) {
  const all = defined(store.states(), 'the states of the catalogue');
  const width = all.length / store.rows.length;
  const learned = [...store.catalogue, ...store.queries('train')];
  const states = new Float32Array(learned.length * width);
  const places = new Map<string, number[]>();
  let unread = 0;
  for (const [place, picture] of learned.entries()) {
    states.set(all.subarray(picture.row * width, (picture.row + 1) * width), place * width);
    const own = new Set<string>();
    for (const text of allTexts(picture)) {
      const readable = readableText(text);
      if (readable === undefined) unread++;
      else own.add(readable);
    }
    for (const text of own) {
      const known = places.get(text);
      if (known === undefined) places.set(text, [place]);
      else known.push(place);
    }
  }
  if (unread > 0) reporter.warn(`${unread} captions, labels and names cannot be read, and are left out`, { unread });
  return { texts: [...places.keys()], pictures: [...places.values()], states };
}

/** Undefined for a text that could not be searched with either. */
function readableText(text: string): string | undefined {
  try {
    return foldCase(normaliseText(text));
  } catch (error) {
    if (error instanceof NeurodexError) return undefined;
    throw error;
  }
}

function warnOfLongTexts({ reporter, config }: Build, tokens: readonly (readonly number[])[]): void {
  const { tokens: most } = config.text;
  const long = tokens.filter(({ length }) => length > most).length;
  if (long === 0) return;
  reporter.warn(`${long} of ${tokens.length} texts are longer than text.tokens ${most}, and are read to there`, {
    long,
  });
}
