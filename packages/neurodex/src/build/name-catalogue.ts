import { Random, type Runtime } from '@neurodex/autograd';
import type { Reporter } from '@neurodex/core';
import { NeurodexError } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import { pictureBytes } from '@neurodex/datasets/picture';
import type { Config } from '../config.ts';
import type { Nameable, PictureVectors } from '../identifiers/scheme.ts';
import { schemeOf } from '../identifiers/schemes.ts';
import { weightBy } from '../models/bovw/weighting.ts';
import { BOVW_COLUMN } from '../systems/columns.ts';
import { normalised } from '../systems/vector-search.ts';
import { type CatalogueNames, clusteredNames } from './clustered-names.ts';
import type { CatalogueVectors, DecodedPictures } from './draft.ts';

export interface NamingOptions {
  readonly config: Config;
  readonly seed: number;
  readonly runtime: Runtime;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
  /** Columns of vectors that the catalogue gets. */
  readonly columns: Readonly<Record<string, CatalogueVectors>>;
  /** The states that the network makes of the pictures; of the plan `write` alone. */
  readonly network?: PictureVectors | undefined;
}

/** Names the catalogue pictures by the scheme of the configuration. */
export async function nameCatalogue(
  catalogue: readonly Nameable[],
  decoded: DecodedPictures,
  options: NamingOptions,
): Promise<CatalogueNames> {
  const { config, seed, runtime, reporter, signal } = options;
  const scheme = schemeOf(config.identifiers);
  const random = Random.stream(seed, 'identifiers');
  if (config.identifiers.scheme === 'numeric') {
    return { identifiers: await scheme.assign(catalogue, config.identifiers, random) };
  }
  const onProgress = (done: number): void => {
    throwIfInterrupted(signal);
    reporter.progress({ phase: 'identifiers', done, total: catalogue.length, unit: 'pictures' });
  };
  const points = await vectorsOf(decoded, options);
  const scheming = { ...config.identifiers, points, runtime, onProgress };
  // A network that is trained on identifiers learns the ones that it was shown.
  if (config.training.plan !== 'write') return { identifiers: await scheme.assign(catalogue, scheming, random) };
  return await clusteredNames(catalogue.length, config, scheming, random);
}

/** What is clustered: unit vectors, as the system of that name compares them by cosine. */
async function vectorsOf(
  decoded: DecodedPictures,
  { config, columns, network }: NamingOptions,
): Promise<PictureVectors> {
  const { vectors: source } = config.identifiers;
  if (source === 'pixels') return await pixelVectors(decoded, config.pictures.size);
  if (source === 'network') return network ?? inOrder(decoded.catalogue.length);
  const column = columns[source === 'bovw' ? BOVW_COLUMN : source];
  if (column === undefined) throw new RangeError(`the catalogue has no vectors of ${source}`);
  const { values, length } = column;
  const weight = source === 'bovw' ? weightBy(config.bovw.weighting, values, length) : (same: Float32Array) => same;
  return { values: normalised(weight(values), length), length };
}

/** For an index without a network, whose identifiers nothing reads: near each other where they are in the catalogue. */
const inOrder = (N: number): PictureVectors => ({
  values: Float32Array.from({ length: N }, (_, position) => position / N),
  length: 1,
});

async function pixelVectors({ catalogue: pictures, pixels }: DecodedPictures, size: number): Promise<PictureVectors> {
  const length = pictureBytes(size);
  const values = new Float32Array(pictures.length * length);
  for (const [i, picture] of pictures.entries()) {
    values.set(normalised(Float32Array.from(await pixels(picture)), length), i * length);
  }
  return { values, length };
}

/**
 * Systems that identifiers are made with the help of, and that are not to be made.
 * @throws NeurodexError `config-invalid`
 */
export function checkVectorSource({ identifiers }: Config, systems: readonly string[]): void {
  const { scheme, vectors } = identifiers;
  if (scheme !== 'semantic' || vectors !== 'bovw' || systems.includes('bovw')) return;
  throw new NeurodexError('config-invalid', 'identifiers.vectors is bovw, and the system bovw is not to be made', {
    hint: `add it with --systems ${[...systems, 'bovw'].join(',')}, or set identifiers.vectors to pixels or encoder`,
    details: { keys: ['identifiers.vectors'] },
  });
}
