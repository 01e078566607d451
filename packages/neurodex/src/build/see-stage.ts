import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parameterCount } from '@neurodex/autograd';
import { defined, fromFileSystem, NeurodexError } from '@neurodex/core';
import {
  CheckedFile,
  HashedFile,
  JoinedFile,
  makeFolder,
  throwIfInterrupted,
  writeFileAtomically,
} from '@neurodex/core/storage';
import type { PictureVectors } from '../identifiers/scheme.ts';
import { Embeddings } from '../pictures/embeddings.ts';
import { partsOf } from '../pictures/picture-store.ts';
import type { Checkpoint, CheckpointContext } from '../training/checkpoint.ts';
import { CheckpointFolder } from '../training/checkpoint-folder.ts';
import { divergenceAdvice } from '../training/phase-training.ts';
import { rowsOfFile } from '../training/rows-of-file.ts';
import { type SeeSource, see, seeGeometry, seeParameters } from '../training/see.ts';
import { encodeStates } from '../training/states.ts';
import type { InputStore } from '../training/training-input.ts';
import { type Build, isWanted } from './build.ts';
import { embeddingsFile, SPLIT_PIXELS, STATES_FILE, splitPixelsFile, statesFile } from './build-options.ts';
import { readsEmbeddings } from './embed-stage.ts';
import { parametersFrom } from './initial-parameters.ts';
import { readSplitList, SPLIT_FILES } from './picture-lists.ts';
import { runOptions } from './run-options.ts';
import { seeSteps } from './see-budget.ts';
import type { Stage } from './stage.ts';
import { WORK_FOLDER } from './stage-record.ts';
import { CHECKPOINTS_FOLDER } from './unfinished-run.ts';

/** What the network learned to see with. */
export interface SeenNetwork {
  readonly steps: number;
  /** D */
  readonly width: number;
}

/** The parameters, float32, in the order of `dsiParameters`. */
export const PARAMETERS_FILE = 'see.f32';

export const seeStage: Stage<SeenNetwork> = {
  name: 'see',
  summary: 'the network learns to see, in a time that does not grow with the catalogue; the states of its pictures',
  reads: [...SPLIT_FILES, `${WORK_FOLDER}/${SPLIT_PIXELS}`],
  writes: [CHECKPOINTS_FOLDER, `${WORK_FOLDER}/${PARAMETERS_FILE}`, `${WORK_FOLDER}/${STATES_FILE}`],
  resumes: 'unless-complete',
  isPart: (build) => isWanted(build, 'dsi') && build.config.training.plan === 'write',
  async run(build) {
    const source = await sourceOf(build);
    const { geometry, config } = source;
    const resumeFrom = await latestSeen(build);
    const checkpoints = new CheckpointFolder(join(build.folder, CHECKPOINTS_FOLDER), build.reporter);
    const { initialise } = config.training;
    const trained = await see(source, await seeSteps(build, source), {
      ...runOptions(build, checkpoints),
      initial: initialise === '' ? undefined : await parametersFrom(initialise, geometry, build),
      resumeFrom,
    });
    const { parameters } = trained;
    await makeFolder(build.work);
    await writeFileAtomically(join(build.work, PARAMETERS_FILE), bytesOf(parameters));
    await writeStates(build, source, parameters);
    return { steps: trained.steps, width: geometry.width };
  },
};

/** The pictures as the network sees them, read from their files by the row. */
async function sourceOf(build: Build): Promise<SeeSource> {
  const { config } = build;
  const { rows } = await readSplitList(build, defined(await build.facts('split'), 'the split'));
  const facts = readsEmbeddings(build) ? ((await build.facts('embed'))?.embeddings ?? undefined) : undefined;
  const embeddings =
    facts === undefined
      ? undefined
      : new Embeddings(new JoinedFile([new CheckedFile(embeddingsFile(build), facts.digest)]), facts);
  const store: InputStore = {
    size: config.pictures.size,
    pixels: { file: splitPixelsFile(build) },
    embeddings,
  };
  const parts = partsOf(rows);
  const pictures = [...parts.catalogue, ...parts.queries('train')];
  return { geometry: seeGeometry(config, embeddings), config, store, pictures };
}

/** Where seeing stopped; undefined where it has not begun. */
export async function latestSeen(build: Build): Promise<(Checkpoint & CheckpointContext) | undefined> {
  const parameters = parameterCount(seeParameters(await sourceOf(build)));
  return await new CheckpointFolder(join(build.folder, CHECKPOINTS_FOLDER), build.reporter).latest(parameters);
}

/** Encodes every picture: queries too, so that a row has a state whatever part it plays. */
async function writeStates(build: Build, { geometry, store }: SeeSource, parameters: Float32Array): Promise<void> {
  const { reporter, signal, runtime } = build;
  const { rows } = await readSplitList(build, defined(await build.facts('split'), 'the split'));
  const path = statesFile(build);
  // A process that was killed may have left a part of it.
  await rm(path, { force: true });
  const file = await HashedFile.create(path);
  try {
    await encodeStates({
      runtime,
      geometry,
      parameters,
      store,
      rowsOfFile,
      rows: rows.map(({ row }) => row),
      async take(states, done) {
        throwIfInterrupted(signal);
        if (!states.every(Number.isFinite)) throw notNumbers(build);
        await file.append(bytesOf(states));
        reporter.progress({ phase: 'states', done, total: rows.length, unit: 'pictures' });
      },
    });
    await file.finish();
  } finally {
    await file.close();
  }
}

const notNumbers = ({ config }: Build): NeurodexError =>
  new NeurodexError('training-diverged', 'training diverged: the network makes states that are not numbers', {
    hint: divergenceAdvice(config),
    details: { phase: 'see', learningRate: config.training.learningRate },
  });

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** What the stage left: the states of some rows in rising order, unit vectors. */
export async function readStates(build: Build, rows: readonly number[]): Promise<PictureVectors> {
  const { width: length } = defined(await build.facts('see'), 'what was seen');
  const values = new Float32Array(rows.length * length);
  let place = 0;
  let first = 0;
  await readPieces(statesFile(build), length * PIECE_ROWS, (piece) => {
    const end = first + piece.length / length;
    for (let row = rows[place]; row !== undefined && row < end; row = rows[++place]) {
      values.set(piece.subarray((row - first) * length, (row - first + 1) * length), place * length);
    }
    first = end;
  });
  return { values, length };
}

const PIECE_ROWS = 4096;

export async function readSeenParameters(build: Build): Promise<Float32Array> {
  const pieces: Float32Array[] = [];
  await readPieces(join(build.work, PARAMETERS_FILE), 1 << 20, (piece) => void pieces.push(piece.slice()));
  const values = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    values.set(piece, at);
    at += piece.length;
  }
  return values;
}

/** Reads a file of float32 in pieces of so many numbers: it may be larger than one read takes. @param take may not keep its piece */
async function readPieces(path: string, numbers: number, take: (piece: Float32Array) => void): Promise<void> {
  const { BYTES_PER_ELEMENT } = Float32Array;
  const file = await open(path).catch((error: unknown) => {
    throw fromFileSystem(error, path);
  });
  try {
    const { size } = await file.stat();
    const buffer = new Uint8Array(numbers * BYTES_PER_ELEMENT);
    for (let at = 0; at < size; ) {
      const wanted = Math.min(buffer.length, size - at);
      for (let done = 0; done < wanted; ) {
        const { bytesRead } = await file.read(buffer, done, wanted - done, at + done);
        if (bytesRead === 0) throw new RangeError(`${path} became shorter while it was read`);
        done += bytesRead;
      }
      take(new Float32Array(buffer.buffer, 0, wanted / BYTES_PER_ELEMENT));
      at += wanted;
    }
  } finally {
    await file.close();
  }
}
