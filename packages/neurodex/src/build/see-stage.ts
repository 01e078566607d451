import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parameterCount } from '@neurodex/autograd';
import { defined, fromFileSystem, NeurodexError } from '@neurodex/core';
import { CheckedFile, HashedFile, makeFolder, throwIfInterrupted, writeFileAtomically } from '@neurodex/core/storage';
import { trackedReporter } from '@neurodex/tracking';
import { EMBEDDINGS_FILE, PIXELS_FILE } from '../artifact/catalogue-manifest.ts';
import { CATALOGUE_FOLDER } from '../artifact/manifest.ts';
import type { PictureVectors } from '../identifiers/scheme.ts';
import { Embeddings } from '../pictures/embeddings.ts';
import { partsOf } from '../pictures/picture-store.ts';
import type { Checkpoint, CheckpointContext } from '../training/checkpoint.ts';
import { CheckpointFolder } from '../training/checkpoint-folder.ts';
import { divergenceAdvice } from '../training/phase-training.ts';
import { type SeeSource, see, seeGeometry, seeParameters } from '../training/see.ts';
import { encodeStates } from '../training/states.ts';
import type { InputStore } from '../training/training-input.ts';
import { type Build, isWanted } from './build.ts';
import { readsEmbeddings } from './embed-stage.ts';
import { parametersFrom } from './initial-parameters.ts';
import { readSplitList, SPLIT_FILES } from './picture-lists.ts';
import { seeSteps } from './see-budget.ts';
import type { Stage } from './stage.ts';
import { WORK_FOLDER } from './stage-record.ts';
import { CHECKPOINTS_FOLDER } from './unfinished-run.ts';

/** What the network learned to see with. */
export interface SeenNetwork {
  readonly steps: number;
  /** N */
  readonly catalogue: number;
}

/** The parameters, float32, in the order of `dsiParameters`. */
export const PARAMETERS_FILE = 'see.f32';
/** The states of the catalogue pictures, float32 [N, D]. */
export const STATES_FILE = 'states.f32';

export const seeStage: Stage<SeenNetwork> = {
  name: 'see',
  summary: 'the network learns to see, in a time that does not grow with the catalogue; the states of its pictures',
  reads: [...SPLIT_FILES, `${CATALOGUE_FOLDER}/${PIXELS_FILE}`],
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
      seed: build.seed,
      runtime: build.runtime,
      tracker: build.tracker,
      reporter: trackedReporter(build.reporter, build.tracker),
      signal: build.signal,
      onNan: build.onNan,
      initial: initialise === '' ? undefined : await parametersFrom(initialise, geometry, build),
      resumeFrom,
      ...(build.keepUnfinished === false
        ? {}
        : {
            checkpoints: {
              save: (each) => checkpoints.save(each, { seconds: build.elapsed(), logBytes: build.log.sync() }),
              settled: () => checkpoints.settled(),
            },
          }),
    });
    const { parameters } = trained;
    await makeFolder(build.work);
    await writeFileAtomically(join(build.work, PARAMETERS_FILE), bytesOf(parameters));
    const catalogue = await writeStates(build, source, parameters);
    return { steps: trained.steps, catalogue };
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
      : new Embeddings(new CheckedFile(join(build.catalogue, EMBEDDINGS_FILE), facts), facts);
  const store: InputStore = {
    size: config.pictures.size,
    pixels: { file: join(build.catalogue, PIXELS_FILE) },
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

/** @returns N */
async function writeStates(build: Build, { geometry, store }: SeeSource, parameters: Float32Array): Promise<number> {
  const { reporter, signal, runtime } = build;
  const { rows } = await readSplitList(build, defined(await build.facts('split'), 'the split'));
  const catalogue = partsOf(rows).catalogue.map(({ row }) => row);
  const path = join(build.work, STATES_FILE);
  // A process that was killed may have left a part of it.
  await rm(path, { force: true });
  const file = await HashedFile.create(path);
  try {
    await encodeStates({
      runtime,
      geometry,
      parameters,
      store,
      rows: catalogue,
      async take(states, done) {
        throwIfInterrupted(signal);
        if (!states.every(Number.isFinite)) throw notNumbers(build);
        await file.append(bytesOf(states));
        reporter.progress({ phase: 'states', done, total: catalogue.length, unit: 'pictures' });
      },
    });
    await file.finish();
  } finally {
    await file.close();
  }
  return catalogue.length;
}

const notNumbers = ({ config }: Build): NeurodexError =>
  new NeurodexError('training-diverged', 'training diverged: the network makes states that are not numbers', {
    hint: divergenceAdvice(config),
    details: { phase: 'see', learningRate: config.training.learningRate },
  });

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** What the stage left: the states of the catalogue pictures, unit vectors. */
export async function readStates(build: Build): Promise<PictureVectors> {
  const { catalogue } = defined(await build.facts('see'), 'what was seen');
  const values = await readFloats(join(build.work, STATES_FILE));
  return { values, length: values.length / catalogue };
}

export const readSeenParameters = (build: Build): Promise<Float32Array> =>
  readFloats(join(build.work, PARAMETERS_FILE));

/** The numbers of a file, read in pieces: it may be larger than one read takes. */
async function readFloats(path: string): Promise<Float32Array> {
  const file = await open(path).catch((error: unknown) => {
    throw fromFileSystem(error, path);
  });
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(size);
    for (let done = 0; done < size; ) {
      const { bytesRead } = await file.read(bytes, done, Math.min(PIECE, size - done), done);
      if (bytesRead === 0) throw new RangeError(`${path} became shorter while it was read`);
      done += bytesRead;
    }
    return new Float32Array(bytes.buffer);
  } finally {
    await file.close();
  }
}

const PIECE = 1 << 28;
