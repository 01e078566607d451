import { serialiseModel } from '../dsi/model/serialise-model.ts';
import type { SiteDescription, SitePicture } from '../export/site.ts';
import { schemeOf } from '../identifiers/schemes.ts';
import type { BuiltPictures } from './build-pictures.ts';
import type { IndexFacts } from './index-files.ts';

/** What a page searches with: the description and the model of an exported site. */
export function siteFiles(
  built: BuiltPictures,
  { name, version, created }: IndexFacts,
): { readonly description: SiteDescription; readonly model: Uint8Array } {
  const { config, rows, model, hasClasses } = built;
  const { scheme, branching } = config.identifiers;
  const bytes = serialiseModel(model);
  const catalogue = rows.filter(({ role }) => role === 'catalogue');
  const plain = ({ row, path, labels, identifier }: (typeof rows)[number]): SitePicture => ({
    row,
    name: path,
    labels,
    role: 'catalogue',
    identifier: identifier ?? null,
  });
  const { imageSize: size } = model.geometry;
  const description: SiteDescription = {
    format: 'neurodex-export',
    version: 1,
    neurodex: version,
    name,
    created,
    dataset: { name, source: name },
    precision: { weights: 'float32', measured: null },
    preprocessing: {
      orientation: 'EXIF',
      background: '#ffffff',
      colours: 'sRGB',
      crop: 'centre square',
      size,
      resize: 'lanczos3',
      layout: 'uint8 [batch, size, size, 3], RGB',
    },
    omitsWords: false,
    geometry: model.geometry,
    scheme: { scheme, branching, embedding: 'memory', ...schemeOf({ scheme, branching }).vocabulary },
    search: { exhaustive: catalogue.length <= config.retrieval.exactUpTo, beam: config.retrieval.beam },
    model: { file: 'model.safetensors', bytes: bytes.length },
    maxPixels: config.pictures.maxPixels,
    hasClasses,
    exactUpTo: config.retrieval.exactUpTo,
    pictures: catalogue.map(plain),
    notices: [],
  };
  return { description, model: bytes };
}
