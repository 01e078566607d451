import { stat } from 'node:fs/promises';
import type { Reporter } from '@neurodex/core';
import { listed, NeurodexError } from '@neurodex/core';
import { refuseSpecialFile } from '@neurodex/core/storage';
import type { CocoSplit, CocoYear, Dataset, OpenDatasetRequest } from '@neurodex/datasets';
import {
  cacheFolder,
  DATASET_FLAGS,
  DATASETS,
  type DatasetFlag,
  type DatasetName,
  declarationOf,
  isArchive,
  isNamedDataset,
  isShardPattern,
  recogniseDataset,
  unpacked,
} from '@neurodex/datasets';
import { createDownloads, type Downloads, kindOfFile, notRead, unsupportedArchive } from '@neurodex/datasets/download';
import { openPrepared, readPreparedManifest } from '../artifact/prepared.ts';
import { checkConfig, invalidConfig } from '../check-config.ts';
import { type Config, configSchema } from '../config.ts';

export interface OpenSourceOptions {
  /** As the user gave it: a path, or the name of a data set. */
  readonly source: string;
  /** The same as a path, absolute. */
  readonly path: string;
  /** `--from`, absolute: where the copy of a named data set is. */
  readonly from?: string;
  readonly concepts?: number;
  readonly cocoYear?: CocoYear;
  readonly cocoSplit?: CocoSplit;
  readonly classLevel?: number;
  readonly labelColumn?: string;
  readonly pictureColumn?: string;
  readonly config: Config;
  readonly seed: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
}

export interface OpenedSource {
  readonly dataset: Dataset;
  /** With the picture size of the data set, where `dataset.patchesPerDimension` asks for it. */
  readonly config: Config;
}

/**
 * Opens what SOURCE names: a folder or file of that name, recognised by its layout, else the data set called so. The
 * rules of the section `dataset` are not applied yet.
 * @throws NeurodexError `source-*`, `usage`, `config-invalid`, `download-*`, `access-denied`, `archive-*`,
 *   `package-unavailable`, `index-damaged` (a prepared data set)
 */
export async function openSource(options: OpenSourceOptions): Promise<OpenedSource> {
  const { source, path, from, config, reporter } = options;
  await refuseSpecialFile(path);
  if (from !== undefined) await refuseSpecialFile(from);
  // A pattern of shards is a path, though no file is called so.
  const exists = (await stat(path).catch(() => undefined)) !== undefined || isShardPattern(path);
  if (exists && from !== undefined) {
    throw new NeurodexError('usage', `--from goes with the name of a data set, and ${source} is a path`, {
      hint: `leave out --from: name the path alone`,
      details: { source, from },
    });
  }
  if (exists) {
    const prepared = await readPreparedManifest(path);
    if (prepared !== undefined) {
      refuseFlags(options, [], `${source}, which is a prepared data set`);
      const dataset = await openPrepared(path, prepared);
      const { labels } = config.dataset;
      if (labels !== 'layout') reporter.warn(ownLabels(source, labels));
      return { dataset, config: await preparedSize(config, dataset, reporter) };
    }
  }
  const found = await find(options, exists);
  const declaration = declarationOf(found.name);
  refuseFlags(options, declaration.flags, nameOf(found.name, source, exists));
  const { labels } = config.dataset;
  if (found.name !== 'folder' && labels !== 'layout') reporter.warn(ownLabels(source, labels));
  const downloads = lazily(options);
  const request: OpenDatasetRequest = {
    source: exists ? path : source,
    ...(found.at === undefined ? {} : { from: found.at }),
    ...(options.concepts === undefined ? {} : { concepts: options.concepts }),
    ...(options.cocoYear === undefined ? {} : { cocoYear: options.cocoYear }),
    ...(options.cocoSplit === undefined ? {} : { cocoSplit: options.cocoSplit }),
    ...(options.classLevel === undefined ? {} : { classLevel: options.classLevel }),
    ...(options.labelColumn === undefined ? {} : { labelColumn: options.labelColumn }),
    ...(options.pictureColumn === undefined ? {} : { pictureColumn: options.pictureColumn }),
    labels,
    rules: config.dataset,
    seed: options.seed,
    cache: cacheFolder(options.environment),
    environment: options.environment,
    downloads,
    reporter,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
  const sized = withDatasetSize(config, found.name);
  return { dataset: await declaration.open(request), config: sized };
}

const ownLabels = (source: string, labels: string): string =>
  `${source} is no folder of pictures: its labels are its own, and dataset.labels ${labels} says nothing of them`;

/** Which data set it is, and where its copy lies. */
async function find(
  { source, path, from, environment, reporter, signal }: OpenSourceOptions,
  exists: boolean,
): Promise<{ name: DatasetName; at: string | undefined }> {
  if (!exists) {
    if (isNamedDataset(source)) return { name: source, at: from };
    if (from !== undefined) {
      throw new NeurodexError(
        'usage',
        `there is no data set ${JSON.stringify(source)} that --from could be a copy of`,
        {
          hint: `name one of ${named().join(', ')}, or the path alone`,
          details: { source, datasets: named() },
        },
      );
    }
    throw new NeurodexError('source-missing', `${path} does not exist, and no data set is called ${source}`, {
      hint: `check the path for a typing error, or name one of ${named().join(', ')}`,
      details: { source, datasets: named() },
    });
  }
  const name = await recogniseDataset(path);
  if (name !== undefined) return { name, at: path };
  if (isArchive(path)) {
    const cache = cacheFolder(environment);
    const folder = await unpacked(path, { cache, reporter, ...(signal === undefined ? {} : { signal }) });
    const inside = await recogniseDataset(folder);
    if (inside !== undefined) return { name: inside, at: folder };
  }
  const kind = (await stat(path)).isFile() ? await kindOfFile(path) : undefined;
  if (kind === 'zip' || kind === 'tar') {
    throw unsupportedArchive(path, `is a ${kind} archive whose name does not end in .${kind}`);
  }
  if (kind === 'gzip')
    throw unsupportedArchive(path, 'is compressed with gzip, and only .tgz, .tar.gz and IDX files are read so');
  if (kind !== undefined) throw notRead(path, kind);
  throw new NeurodexError('source-unusable', `${path} is no folder of pictures, and no file of a form that is read`, {
    hint: 'name a folder, a .parquet, .jsonl, .csv or .tsv file, annotations in the form of COCO, an IDX file of pictures, or an archive of them; `neurodex dataset list` shows every form',
    details: { source },
  });
}

const named = (): string[] => Object.keys(DATASETS).filter(isNamedDataset);

const nameOf = (name: DatasetName, source: string, exists: boolean): string =>
  !exists
    ? `the data set ${name}`
    : name === 'folder'
      ? `${source}, which is a folder`
      : `${source}, which is read as ${name}`;

/** Flags that do not go with the data set are refused rather than ignored. */
function refuseFlags(options: OpenSourceOptions, allowed: readonly DatasetFlag[], what: string): void {
  for (const flag of Object.keys(DATASET_FLAGS) as DatasetFlag[]) {
    if (flag === 'from' || options[flag] === undefined || allowed.includes(flag)) continue;
    const owners = (Object.keys(DATASETS) as DatasetName[]).filter((name) => declarationOf(name).flags.includes(flag));
    throw new NeurodexError('usage', `${DATASET_FLAGS[flag]} goes with ${listed(owners)}, not with ${what}`, {
      hint: `leave out ${DATASET_FLAGS[flag]}`,
      details: { flag: DATASET_FLAGS[flag], source: options.source },
    });
  }
}

/** Made when the first file is asked for: most sources ask for none. */
function lazily({ environment, reporter, signal }: OpenSourceOptions): () => Downloads {
  let downloads: Downloads | undefined;
  return () => {
    downloads ??= createDownloads({
      cache: cacheFolder(environment),
      environment,
      reporter,
      ...(signal === undefined ? {} : { signal }),
    });
    return downloads;
  };
}

/**
 * The configuration with the size that the data set's pictures have under `dataset.patchesPerDimension`.
 * @throws NeurodexError `config-invalid`
 */
export function withDatasetSize(config: Config, name: DatasetName): Config {
  const { patchesPerDimension } = config.dataset;
  const { modelSize } = declarationOf(name);
  if (patchesPerDimension === 0 || modelSize === undefined) return config;
  return withSize(config, modelSize === 'patches' ? config.model.patchSize * patchesPerDimension : modelSize);
}

function withSize(config: Config, size: number): Config {
  if (!configSchema.shape.pictures.shape.size.safeParse(size).success) {
    const { patchesPerDimension } = config.dataset;
    throw invalidConfig([
      {
        key: 'dataset.patchesPerDimension',
        message: `dataset.patchesPerDimension ${patchesPerDimension} × model.patchSize ${config.model.patchSize} makes pictures of ${size} pixels; they may have from 8 to 512`,
        hint: 'lower dataset.patchesPerDimension, or set pictures.size yourself',
      },
    ]);
  }
  const sized = { ...config, pictures: { ...config.pictures, size } };
  checkConfig(sized);
  return sized;
}

/** A prepared data set keeps its size where the size follows the data set; another size is made from its thumbnails. */
async function preparedSize(config: Config, dataset: Dataset, reporter: Reporter): Promise<Config> {
  const { ownSize = config.pictures.size, source } = dataset;
  if (config.dataset.patchesPerDimension > 0) return withSize(config, ownSize);
  if (config.pictures.size !== ownSize) {
    reporter.warn(
      `${source} was prepared with pictures.size ${ownSize}; pictures of ${config.pictures.size} pixels are made from its thumbnails`,
    );
  }
  return config;
}
