import { resolve, sep } from 'node:path';
import type { Device, Precision } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import type { Reporter } from '@neurodex/core';
import { NeurodexError } from '@neurodex/core';
import { damaged, refuseExisting, refusePlace } from '@neurodex/core/storage';
import { describeEncoder } from '../export/describe-encoder.ts';
import { describeExport, type ExportedIndex, isExhaustive } from '../export/description.ts';
import { allowEncoder, type EncoderRequest } from '../export/encoder-policy.ts';
import type { ExportedEncoder } from '../export/exported-encoder.ts';
import { EXPORT_FILE, exportedFiles, type Write, type WrittenExport, writeExport } from '../export/folder.ts';
import { EXPORT_KINDS, type ExportKind } from '../export/kinds.ts';
import { type StoredModel, storeModel } from '../export/models.ts';
import { writeOnnx } from '../export/onnx-folder.ts';
import { type QuantizationError, quantizationError } from '../export/quantization-error.ts';
import { writeTriton } from '../export/triton-folder.ts';
import { writeWeb } from '../export/web-folder.ts';
import type { InputGeometry } from '../query/model-input.ts';
import { modelInput } from '../query/model-inputs.ts';
import { type Index, openIndex } from '../systems/open-index.ts';

export type { ExportKind } from '../export/kinds.ts';

export interface ExportOptions {
  readonly index: string;
  /** The folder of each export that is asked for. */
  readonly out: Readonly<Partial<Record<ExportKind, string>>>;
  /** What the weights are stored in. */
  readonly precision: Precision;
  /** Answers of a model that does the whole search, 1 or more. */
  readonly k: number;
  /** Whether exports of a network that reads an image encoder hold the encoder too; without it they are refused. */
  readonly withEncoder?: boolean;
  /** Replace exports that are there. */
  readonly force: boolean;
  /** What measures the loss. */
  readonly device: Device;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal;
}

/** The encoder that exports hold. */
export interface IncludedEncoder {
  /** Null where it is not known. */
  readonly name: string | null;
  /** Null where it is not known. */
  readonly licence: string | null;
  /** Its size. */
  readonly bytes: number;
}

/** An export that was written. */
export interface KindOfExport extends WrittenExport {
  /** For which programs it is. */
  readonly kind: ExportKind;
}

/** What `export --json` prints. */
export interface ExportSummary {
  /** Absolute path. */
  readonly index: string;
  /** What the weights are stored in. */
  readonly precision: Precision;
  /** Null where nothing is lost, or nothing could be measured. */
  readonly measured: QuantizationError | null;
  /** That the exports hold; null where the network reads pixels, its name and licence where they are not known. */
  readonly encoder: IncludedEncoder | null;
  /** What was written. */
  readonly exports: readonly KindOfExport[];
}

interface Content {
  readonly index: Index;
  readonly model: StoredModel;
  readonly description: ExportedIndex;
  /** The file of the encoder that the network reads. */
  readonly imageEncoder: Uint8Array | undefined;
  readonly k: number;
  readonly reporter: Reporter;
  readonly signal: AbortSignal | undefined;
}

const WRITERS: Readonly<Record<ExportKind, (write: Write, content: Content) => Promise<void>>> = {
  onnx: (write, { model, description, k, imageEncoder }) => writeOnnx(write, model, description, k, imageEncoder),
  triton: (write, { model, description, k }) => writeTriton(write, model, description, k),
  web: (write, { model: stored, ...content }) => writeWeb(write, { stored, ...content }),
};

/**
 * Writes an index in forms that other programs search with, each a folder of its own that appears when it is complete.
 * @throws NeurodexError of the index, `system-missing` without a network, `encoder-unusable` for an encoder that they cannot or
 *   may not hold, `catalogue-too-large`, `usage` for folders that contain each other, `output-exists`, `output-unwritable`, `disk-full`, `page-missing`, `interrupted`
 */
export async function exportIndex(options: ExportOptions): Promise<ExportSummary> {
  const { out, precision, withEncoder = false, force, device, reporter, signal } = options;
  const folders = EXPORT_KINDS.flatMap((kind) => {
    const folder = out[kind];
    return folder === undefined ? [] : [{ kind, folder: resolve(folder) }];
  });
  refuseNested(options.index, folders);
  for (const { folder } of folders) await refusePlace(folder, [resolve(options.index)]);
  for (const { folder } of folders) await refuseExisting(folder, { force, marker: EXPORT_FILE, lister: exportedFiles });

  const runtime = nodeRuntime({ device });
  const index = await openIndex(options.index, runtime, reporter);
  try {
    const network = await index.network();
    const { model: original } = network;
    const kinds = folders.map(({ kind }) => kind);
    checkEncoder(index, original.geometry, { kinds, withEncoder, reporter });
    if (out.triton !== undefined) refuseLarge(index);
    const model = storeModel(network, precision);
    const measured = precision === 'float32' ? null : await quantizationError(index, model, runtime, reporter);
    if (precision !== 'float32' && measured === null)
      reporter.warn('the index has no queries, so what the answers lose by fewer bits is not known');
    const encoder = await describeEncoder(index);
    const imageEncoder = encoder === undefined ? undefined : await index.encoderFile();
    const description = describeExport(index, original.geometry, { weights: precision, measured }, encoder);
    const k = Math.min(options.k, index.store.catalogue.length);
    const facts = {
      format: 'neurodex-export',
      neurodex: description.neurodex,
      index: { name: description.name, created: description.created },
      precision: description.precision,
    };
    const exports: ExportSummary['exports'][number][] = [];
    for (const [i, { kind, folder }] of folders.entries()) {
      const content = { index, model, description, imageEncoder, k, reporter, signal };
      const settings = { force, ...(signal === undefined ? {} : { signal }) };
      const written = await writeExport(folder, settings, { ...facts, kind }, (write) => WRITERS[kind](write, content));
      exports.push({ kind, ...written });
      reporter.progress({ phase: 'export', done: i + 1, total: folders.length, unit: 'exports' });
    }
    return { index: resolve(options.index), precision, measured, encoder: summaryOf(encoder), exports };
  } finally {
    await index.close();
  }
}

const summaryOf = (encoder: ExportedEncoder | undefined): ExportSummary['encoder'] =>
  encoder === undefined
    ? null
    : { name: encoder.origin?.name ?? null, licence: encoder.origin?.licence.name ?? null, bytes: encoder.bytes };

/** One folder inside another would be replaced with it, or be in the way of it. */
function refuseNested(index: string, folders: readonly { readonly folder: string }[]): void {
  const all = [{ folder: resolve(index) }, ...folders];
  for (const [i, { folder }] of all.entries()) {
    const other = all.find((each, j) => j !== i && (each.folder === folder || folder.startsWith(each.folder + sep)));
    if (other === undefined) continue;
    throw new NeurodexError('usage', `${folder} is inside ${other.folder}, which has a folder to itself`, {
      hint: 'name folders that do not contain each other',
      details: { path: folder, other: other.folder },
    });
  }
}

/** Refuses exports that may not hold the encoder of a network, or cannot; says what `--with-encoder` is not needed for. */
function checkEncoder(
  { folder, manifest: { encoder } }: Index,
  geometry: InputGeometry,
  request: Pick<EncoderRequest, 'kinds' | 'withEncoder' | 'reporter'>,
): void {
  if (!modelInput(geometry).needsBackbone) {
    if (request.withEncoder)
      request.reporter.warn(`the network of ${folder} reads pixels: --with-encoder adds nothing to its exports`);
    return;
  }
  if (encoder === undefined) throw damaged(folder, 'does not list the encoder that its network reads');
  allowEncoder({ folder, encoder, ...request });
}

function refuseLarge(index: Index): void {
  if (isExhaustive(index)) return;
  const { exactUpTo } = index.manifest.config.retrieval;
  const leafCount = index.store.catalogue.length;
  throw new NeurodexError(
    'catalogue-too-large',
    `--triton scores every identifier in one graph, for up to ${exactUpTo} pictures (retrieval.exactUpTo); ${index.folder} has ${leafCount}`,
    {
      hint: 'take --onnx, whose encoder and decoder serve a beam search, or build the index with a larger retrieval.exactUpTo',
      details: { pictures: leafCount, exactUpTo },
    },
  );
}
