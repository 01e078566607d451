import { Random, type Runtime } from '@neurodex/autograd';
import { defined, type Reporter, throwIfInterrupted } from '@neurodex/core';
import { clusteredNames } from '../build/clustered-names.ts';
import { writeMemory } from '../build/write-memory.ts';
import type { Config } from '../config.ts';
import type { DsiModel } from '../dsi/model/serialise-model.ts';
import type { ClusterRules } from '../identifiers/clusters.ts';
import { type Parts, type PictureStore, partsOf, type StoredPicture } from '../pictures/picture-store.ts';
import { byPath } from '../pictures/split.ts';
import { refuseTooFew, withRoles } from '../pictures/with-roles.ts';
import type { TrainingMachine } from '../training/machine.ts';
import { plannedSteps, type SeeSource, see, seeGeometry } from '../training/see.ts';
import { encodeStates } from '../training/states.ts';
import { Validator } from '../training/validator.ts';
import { warnOfPictures } from './warn-of-pictures.ts';

/** A picture that was decoded, and what is kept of it. */
export interface DecodedFile {
  /** Path relative to the source; unique. */
  readonly path: string;
  readonly labels: readonly string[];
  /** uint8 RGB [size, size, 3], of `pictures.size`. */
  readonly pixels: Uint8Array;
  /** Square PNG. */
  readonly thumbnail: Uint8Array;
  /** Of its file. */
  readonly bytes: number;
  /** Of its file, hexadecimal. */
  readonly sha256: string;
}

/** How pictures become an index. */
export interface PicturesBuild {
  /** Of the plan `write`, with identifiers by the network's states, and without an encoder or words. */
  readonly config: Config;
  readonly seed: number;
  /** What the pictures are called, for people. */
  readonly source: string;
  readonly runtime: Runtime;
  readonly machine: TrainingMachine;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** The parts of an index, before anything is written. */
export interface BuiltPictures {
  readonly config: Config;
  readonly seed: number;
  /** In row order, those of the catalogue with their identifiers and clusters. */
  readonly rows: readonly StoredPicture[];
  readonly files: readonly DecodedFile[];
  readonly hasClasses: boolean;
  readonly rules: ClusterRules;
  readonly model: DsiModel;
  /** Unit vectors, float32 [rows, D]. */
  readonly states: Float32Array;
  readonly device: string;
  readonly steps: number;
  readonly seconds: number;
  /** IA@1, and AP@10 where there are validation queries. */
  readonly metrics: Readonly<Record<string, number>>;
}

const UNTRACKED = { track() {}, close: async () => {} };

/**
 * Indexes pictures in memory, by the stages of a build: `see`, `identify`, `write`. The same pictures, configuration and seed give
 * what `neurodex index` makes of them, but for how files are decoded and float32 sums are ordered.
 * @throws NeurodexError `source-unusable`, `training-diverged`, `interrupted`
 */
export async function buildPictures(pictures: readonly DecodedFile[], build: PicturesBuild): Promise<BuiltPictures> {
  const { config, seed, source, runtime, machine, reporter, signal } = build;
  const began = performance.now();
  const files = [...pictures].sort(byPath);
  const sets = setsOf(files);
  const rows = withRoles(files, sets, { split: config.split, seed });
  const parts = partsOf(rows);
  refuseTooFew(source, parts.catalogue.length, rows.length);
  warnOfPictures(files, sets, config, reporter);
  const store = storeOf(parts, files, config.pictures.size);
  const seen: SeeSource = {
    geometry: seeGeometry(config, undefined),
    config,
    store,
    pictures: [...parts.catalogue, ...parts.queries('train')],
  };
  const trained = await see(seen, plannedSteps(config, seen.pictures.length), {
    seed,
    machine,
    tracker: UNTRACKED,
    reporter,
    signal,
    runtime,
  });
  const { parameters } = trained;
  const states = await statesOf(seen, parameters, build);
  const { width } = seen.geometry;
  const catalogue = Float32Array.from(
    parts.catalogue.flatMap(({ row }) => [...states.subarray(row * width, (row + 1) * width)]),
  );
  const names = await clusteredNames(
    parts.catalogue.length,
    config,
    {
      ...config.identifiers,
      points: { values: catalogue, length: width },
      runtime,
      onProgress(done) {
        throwIfInterrupted(signal);
        reporter.progress({ phase: 'identifiers', done, total: parts.catalogue.length, unit: 'pictures' });
      },
    },
    Random.stream(seed, 'identifiers'),
  );
  const named = namedRows(parts, names.identifiers, names.clusters.names);
  const written = await writeMemory({
    ...build,
    store: { ...store, ...partsOf(named) },
    backbone: undefined,
    parameters,
    states: states.slice(),
  });
  reporter.progress({ phase: 'measure', done: 0, unit: 'pictures' });
  const metrics = await measured({ ...store, ...partsOf(named) }, written, build);
  return {
    config,
    seed,
    rows: named,
    files,
    hasClasses: store.hasClasses,
    rules: names.clusters.rules,
    model: written.model,
    states,
    device: runtime.device,
    steps: trained.steps,
    seconds: (performance.now() - began) / 1000,
    metrics,
  };
}

/** Of each picture, the place of the first one whose file is the same. */
function setsOf(files: readonly DecodedFile[]): number[] {
  const first = new Map<string, number>();
  return files.map(({ sha256 }, at) => {
    const set = first.get(sha256) ?? at;
    first.set(sha256, set);
    return set;
  });
}

function storeOf(parts: Parts, files: readonly DecodedFile[], size: number): PictureStore {
  const bytes = size * size * 3;
  const pixels = new Uint8Array(files.length * bytes);
  for (const [row, file] of files.entries()) pixels.set(file.pixels, row * bytes);
  return {
    ...parts,
    size,
    hasClasses: parts.rows.some(({ labels }) => labels.length > 0),
    notices: [],
    skipped: [],
    pixels,
    thumbnail: () => Promise.reject(new RangeError('the network reads no thumbnails')),
  };
}

/** Of every row, float32 [rows, D]. */
async function statesOf(
  { geometry, store }: SeeSource,
  parameters: Float32Array,
  { runtime, reporter, signal }: PicturesBuild,
): Promise<Float32Array> {
  const count = store.pixels instanceof Uint8Array ? store.pixels.length / (store.size * store.size * 3) : 0;
  const states = new Float32Array(count * geometry.width);
  let at = 0;
  await encodeStates({
    runtime,
    geometry,
    parameters,
    store,
    rows: Array.from({ length: count }, (_, row) => row),
    async take(values, done) {
      throwIfInterrupted(signal);
      states.set(values, at);
      at += values.length;
      reporter.progress({ phase: 'states', done, total: count, unit: 'pictures' });
    },
  });
  return states;
}

function namedRows({ rows, catalogue }: Parts, identifiers: readonly string[], clusters: readonly string[]) {
  const places = new Map(catalogue.map(({ row }, place) => [row, place]));
  return rows.map((picture): StoredPicture => {
    const place = places.get(picture.row);
    if (place === undefined) return picture;
    const identifier = defined(identifiers[place], 'an identifier');
    return { ...picture, identifier, cluster: defined(clusters[place], 'a cluster') };
  });
}

async function measured(
  store: PictureStore,
  { model, table }: Awaited<ReturnType<typeof writeMemory>>,
  { config, runtime }: PicturesBuild,
): Promise<Readonly<Record<string, number>>> {
  const { geometry, memory, parameters } = model;
  const validator = new Validator({ runtime, geometry, table, store, search: config.retrieval, memory });
  try {
    return await validator.measure(parameters, { indexing: 1, retrieval: 1 });
  } finally {
    await validator.close();
  }
}
