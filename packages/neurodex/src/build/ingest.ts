import { join } from 'node:path';
import type { Device, Runtime } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { Reporter } from '@neurodex/core';
import { NeurodexError } from '@neurodex/core';
import { writeFileAtomically } from '@neurodex/core/storage';
import type { Dataset } from '@neurodex/datasets';
import { applyRules, reportDataset } from '@neurodex/datasets';
import { CATALOGUE_FOLDER, ENCODER_FILE, type IndexManifest } from '../artifact/manifest.ts';
import type { Config } from '../config.ts';
import { SYSTEM_NAMES, type SystemName } from '../query/system.ts';
import { BOVW_COLUMN } from '../systems/bovw.ts';
import { ENCODER_COLUMN } from '../systems/encoder.ts';
import { type BuiltBovw, buildBovw } from './build-bovw.ts';
import { type BuiltCatalogue, buildCatalogue, type CatalogueVectors } from './build-catalogue.ts';
import { embedAll, embedCatalogue } from './embed-pictures.ts';
import { nameCatalogue } from './name-catalogue.ts';
import { type ChosenEncoder, openChosenEncoder } from './open-encoder.ts';

export interface IngestOptions {
  readonly dataset: Dataset;
  readonly config: Config;
  /** All that can be made by default. */
  readonly systems?: readonly SystemName[];
  readonly seed: number;
  readonly device: Device;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
}

/** What reading the pictures in leaves in the folder of an index. */
export interface Ingested {
  readonly built: BuiltCatalogue;
  /** Undefined where there is none. */
  readonly bovw: IndexManifest['bovw'];
  readonly encoder: IndexManifest['encoder'];
}

/**
 * The catalogue, what the encoder makes of its pictures, and their bag of visual words where that is wanted and can be
 * made. The encoder is opened first: what is wrong with it is told before any picture is read.
 * @throws NeurodexError of the catalogue and of the encoder
 */
export async function ingest(options: IngestOptions, folder: string): Promise<Ingested> {
  const { config, device, reporter } = options;
  const runtime = nodeRuntime({ device });
  const chosen = await openChosenEncoder(config, runtime, reporter);
  try {
    const made = await readIn(options, folder, chosen, runtime);
    if (chosen === undefined) return { ...made, encoder: undefined };
    const { onnx, sha256, encoder } = chosen;
    await writeFileAtomically(join(folder, ENCODER_FILE), onnx);
    const { mean, std, ...facts } = encoder.facts;
    const listed = { file: ENCODER_FILE, bytes: onnx.length, sha256 } as const;
    return { ...made, encoder: { ...listed, ...facts, mean: [...mean], std: [...std] } };
  } finally {
    await chosen?.encoder.release();
  }
}

async function readIn(
  options: IngestOptions,
  folder: string,
  chosen: ChosenEncoder | undefined,
  runtime: Runtime,
): Promise<Omit<Ingested, 'encoder'>> {
  const { config, seed, reporter, systems = SYSTEM_NAMES } = options;
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const common = { config, seed, reporter, ...signal };
  const dataset = await applyRules(options.dataset, config.dataset, options);
  reportDataset(dataset, reporter);
  const columns: Record<string, CatalogueVectors> = {};
  let bovw: BuiltBovw | undefined;
  const built = await buildCatalogue(dataset, join(folder, CATALOGUE_FOLDER), {
    pictures: config.pictures,
    split: config.split,
    seed,
    reporter,
    ...signal,
    ...(chosen !== undefined && config.encoder.frozenBackbone && systems.includes('dsi')
      ? {
          async embed(decoded, file) {
            const { facts, pooled } = await embedAll(decoded, file, { chosen, ...common });
            columns[ENCODER_COLUMN] = pooled;
            return facts;
          },
        }
      : {}),
    async describe(decoded) {
      if (chosen !== undefined) columns[ENCODER_COLUMN] ??= await embedCatalogue(decoded, { chosen, ...common });
      if (!systems.includes('bovw')) return columns;
      try {
        const edge = config.pictures.thumbnail;
        bovw = await buildBovw(decoded, { ...common, folder, config: config.bovw, edge, runtime });
        columns[BOVW_COLUMN] = bovw.vectors;
      } catch (error) {
        const tooFew = error instanceof NeurodexError && error.code === 'source-unusable';
        const needed = config.identifiers.scheme === 'semantic' && config.identifiers.vectors === 'bovw';
        if (!tooFew || needed || options.systems !== undefined) throw error;
        reporter.warn(`bovw is left out: ${error.message}`);
      }
      return columns;
    },
    assignIdentifiers: (entries, decoded) => nameCatalogue(entries, decoded, { ...common, runtime, columns }),
  });
  return { built, bovw: bovw?.facts };
}
