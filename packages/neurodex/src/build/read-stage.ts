import { join } from 'node:path';
import { parameterCount } from '@neurodex/autograd';
import { digestFile, throwIfInterrupted, writeFileAtomically } from '@neurodex/core/storage';
import type { StoredPictures } from '../artifact/catalogue-store.ts';
import {
  CATALOGUE_FILE,
  type IndexManifest,
  MODEL_FILE,
  TEXT_ENCODER_FILE,
  TEXT_MODEL_FILE,
  type TextFacts,
  TOKENIZER_FILE,
} from '../artifact/manifest.ts';
import { serialiseForIndex } from '../dsi/model/model-file.ts';
import type { Checkpoint, CheckpointContext } from '../training/checkpoint.ts';
import { CheckpointFolder } from '../training/checkpoint-folder.ts';
import { read, readParameters } from '../training/read.ts';
import type { Build } from './build.ts';
import { readsTexts } from './reads-texts.ts';
import { runOptions } from './run-options.ts';
import type { Stage } from './stage.ts';
import { type ShiftedTexts, type TextSource, textPairs, textSource } from './text-source.ts';
import { openCatalogueOf } from './train-stage.ts';
import { TEXT_CHECKPOINTS_FOLDER } from './unfinished-run.ts';

/** What a network learned to read. */
export interface ReadNetwork {
  readonly steps: number;
  /** Undefined where there was nothing to read. */
  readonly text?: NonNullable<IndexManifest['text']>;
}

export const readStage: Stage<ReadNetwork> = {
  name: 'read',
  summary: 'the network learns to read: the captions, labels and names of its pictures',
  reads: [CATALOGUE_FILE, MODEL_FILE],
  writes: [TEXT_CHECKPOINTS_FOLDER, TOKENIZER_FILE, TEXT_ENCODER_FILE, TEXT_MODEL_FILE],
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
    const { geometry } = await textSource(build, store);
    return await checkpointsOf(build).latest(parameterCount(readParameters({ geometry })));
  } finally {
    await store.close();
  }
}

const checkpointsOf = ({ folder, reporter }: Build): CheckpointFolder =>
  new CheckpointFolder(join(folder, TEXT_CHECKPOINTS_FOLDER), reporter);

async function readTexts(build: Build, store: StoredPictures): Promise<ReadNetwork> {
  const { config, folder, signal } = build;
  const source = await textSource(build, store);
  const { geometry, learned, tokenizer, initial } = source;
  warnOfTexts(build, source);
  if (learned.texts.length === 0 && initial === undefined) {
    build.reporter.warn('no picture to learn from came with a word that can be read: the index takes no words');
    return { steps: 0 };
  }
  throwIfInterrupted(signal);
  await writeFileAtomically(join(folder, TOKENIZER_FILE), tokenizer);
  const { texts, shift } = await source.inputs();
  const checkpoints = checkpointsOf(build);
  const trained = await read(
    { geometry, config, pairs: textPairs(texts, learned, store) },
    {
      ...runOptions(build, checkpoints),
      initial,
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
      ...(await writeTextEncoder(build, shift)),
      model: { ...(await listedFile(folder, TEXT_MODEL_FILE)), parameters: parameters.length },
      texts: learned.texts.length,
    },
  };
}

/** Keeps the frozen text encoder in the index, where there is one. */
async function writeTextEncoder(build: Build, shift: ShiftedTexts['shift']): Promise<Pick<TextFacts, 'encoder'>> {
  const chosen = await build.textEncoder();
  if (chosen === undefined) return {};
  await writeFileAtomically(join(build.folder, TEXT_ENCODER_FILE), chosen.onnx);
  const listed = await listedFile(build.folder, TEXT_ENCODER_FILE);
  return { encoder: { ...chosen.encoder.facts, ...listed, shift: shift === null ? null : [...shift] } };
}

async function listedFile<Name extends string>(folder: string, file: Name) {
  const { bytes, sha256 } = await digestFile(join(folder, file));
  return { file, bytes, sha256 };
}

function warnOfTexts({ reporter, config }: Build, { learned: { unread, withheld }, lengths }: TextSource): void {
  if (unread > 0) reporter.warn(`${unread} captions, labels and names cannot be read, and are left out`, { unread });
  if (config.text.withheld > 0 && withheld === 0) {
    reporter.warn(`text.withheld ${config.text.withheld} withholds no caption: one caption of each picture stays`);
  } else if (withheld > 0) reporter.info(`${withheld} captions of the catalogue are withheld`);
  const { tokens: most } = config.text;
  const long = lengths.filter((length) => length > most).length;
  if (long === 0) return;
  reporter.warn(`${long} of ${lengths.length} texts are longer than text.tokens ${most}, and are read to there`, {
    long,
  });
}
