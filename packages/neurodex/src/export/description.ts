import { basename, resolve } from 'node:path';
import type { Precision } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import type { LicenceNotice } from '@neurodex/datasets';
import type { RecordedConfig } from '../artifact/manifest.ts';
import { leavesByRow } from '../dsi/graphs/search-export.ts';
import type { Geometry } from '../dsi/model/geometry.ts';
import type { RowKind } from '../dsi/model/prefix-table.ts';
import type { TokenVocabulary } from '../identifiers/scheme.ts';
import type { Index } from '../systems/open-index.ts';
import { VERSION } from '../version.ts';
import type { ExportedEncoder } from './exported-encoder.ts';
import type { QuantizationError } from './quantization-error.ts';

/** Beside every exported model: what is needed to search with it and to name its answers. */
export const DESCRIPTION_FILE = 'description.json';
const FORMAT = 'neurodex-export';
const FORMAT_VERSION = 1;

/** A catalogue picture; its position in the list is what `answers` of an exported model counts. */
export interface ExportedPicture {
  readonly identifier: string;
  /** Path relative to the source. */
  readonly name: string;
  readonly labels: readonly string[];
}

export interface ExportedIndex {
  readonly format: typeof FORMAT;
  readonly version: typeof FORMAT_VERSION;
  /** Version of the program that wrote it. */
  readonly neurodex: string;
  /** Name of the index's folder. */
  readonly name: string;
  /** When the index was made. */
  readonly created: string;
  readonly dataset: { readonly name: string; readonly source: string };
  /** What the weights are stored in, and what that costs; null where it costs nothing. */
  readonly precision: { readonly weights: Precision; readonly measured: QuantizationError | null };
  /** How a file becomes what the model sees; `encoder` says it of a network that reads one. */
  readonly preprocessing?: {
    readonly orientation: 'EXIF';
    readonly background: '#ffffff';
    readonly colours: 'sRGB';
    readonly crop: 'centre square';
    /** Edge of the square, in pixels. */
    readonly size: number;
    readonly resize: 'lanczos3';
    readonly layout: 'uint8 [batch, size, size, 3], RGB';
  };
  /** In front of the network: it makes the embeddings that the network reads. */
  readonly encoder?: ExportedEncoder;
  /** Whether the index is searched with words as well, which no export is. */
  readonly omitsWords: boolean;
  readonly geometry: Geometry;
  readonly scheme: Pick<RecordedConfig['identifiers'], 'scheme' | 'branching'> &
    TokenVocabulary & {
      /** What a row of the network's tables stands for: `model.embedding`, or a row of its memory. */
      readonly embedding: RowKind;
    };
  readonly search: {
    /** Whether all identifiers are scored; else by beam search. */
    readonly exhaustive: boolean;
    /** Beam width. */
    readonly beam: number;
  };
  /** In the order of their rows; equal scores are answered in this order. */
  readonly pictures: readonly ExportedPicture[];
  /** Of the pictures. */
  readonly notices: readonly LicenceNotice[];
}

/** @param encoder that the export holds, of a network that reads one */
export function describeExport(
  index: Index,
  geometry: Geometry,
  precision: ExportedIndex['precision'],
  encoder?: ExportedEncoder,
): ExportedIndex {
  const { manifest, store, folder } = index;
  const trie = index.trie();
  const { scheme } = trie;
  return {
    format: FORMAT,
    version: FORMAT_VERSION,
    neurodex: VERSION,
    name: basename(resolve(folder)),
    created: manifest.created,
    dataset: manifest.dataset,
    precision,
    ...(encoder === undefined ? { preprocessing: pixelsOf(geometry) } : { encoder }),
    omitsWords: manifest.text !== undefined,
    geometry,
    scheme: {
      scheme: manifest.config.identifiers.scheme,
      branching: manifest.config.identifiers.branching,
      embedding: geometry.output === 'memory' ? 'memory' : (manifest.config.model?.embedding ?? 'token'),
      ...scheme.vocabulary,
    },
    search: { exhaustive: isExhaustive(index), beam: manifest.config.retrieval.beam },
    pictures: leavesByRow(trie).map((leaf) => {
      const picture = store.rows[defined(trie.row(leaf), 'the row of a leaf')];
      return { identifier: picture?.identifier ?? '', name: picture?.path ?? '', labels: picture?.labels ?? [] };
    }),
    notices: store.notices,
  };
}

const pixelsOf = ({ imageSize }: Geometry): NonNullable<ExportedIndex['preprocessing']> => ({
  orientation: 'EXIF',
  background: '#ffffff',
  colours: 'sRGB',
  crop: 'centre square',
  size: imageSize,
  resize: 'lanczos3',
  layout: 'uint8 [batch, size, size, 3], RGB',
});

/** Whether the catalogue is small enough that every identifier is scored. */
export const isExhaustive = ({ store, manifest }: Index): boolean =>
  store.catalogue.length <= manifest.config.retrieval.exactUpTo;
