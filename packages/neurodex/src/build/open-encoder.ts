import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Runtime } from '@neurodex/autograd';
import type { Reporter } from '@neurodex/core';
import { NeurodexError } from '@neurodex/core';
import { refuseSpecialFile } from '@neurodex/core/storage';
import { ENCODER_FILE, INDEX_FILE, readIndexManifest } from '../artifact/manifest.ts';
import { readModel } from '../artifact/network.ts';
import type { Config } from '../config.ts';
import { exportEncoder } from '../dsi/graphs/encoder-export.ts';
import { Encoder } from '../models/encoder/encoder.ts';
import { unusable } from '../models/encoder/unusable.ts';
import { modelInput } from '../query/model-inputs.ts';

/** The encoder that a configuration names, and the bytes that are kept in the index. */
export interface ChosenEncoder {
  readonly encoder: Encoder;
  readonly onnx: Uint8Array;
  readonly sha256: string;
}

/**
 * Opens the encoder that an index is asked to be made with; undefined where there is none.
 * @throws NeurodexError `encoder-unusable`; `index-damaged` of an index whose network is to serve
 */
export async function openChosenEncoder(
  { encoder: config, pictures }: Config,
  runtime: Runtime,
  reporter: Reporter,
): Promise<ChosenEncoder | undefined> {
  if (config.file === '') return undefined;
  const onnx = await readEncoder(config.file);
  const encoder = await Encoder.open(runtime, onnx, { name: config.file, config, fallbackSize: pictures.size });
  const { size } = encoder.facts;
  if (size > pictures.thumbnail && size !== pictures.size) {
    reporter.warn(
      `the encoder takes pictures of ${size} pixels, and pictures.thumbnail keeps ${pictures.thumbnail}: they are enlarged`,
    );
  }
  return { encoder, onnx, sha256: digestOf(onnx) };
}

/** @throws NeurodexError `config-invalid` for the system `encoder` without one */
export function checkEncoderSystem({ encoder }: Config, systems: readonly string[] | undefined): void {
  if (encoder.file !== '' || !systems?.includes('encoder')) return;
  throw new NeurodexError('config-invalid', 'the system encoder is asked for, and encoder.file names none', {
    hint: 'name an ONNX file with --set encoder.file=FILE, or leave the system out of --systems',
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
  if (sha256 === undefined) return;
  const onnx = await readEncoder(encoder.file).catch(() => undefined);
  if (onnx === undefined || digestOf(onnx) === sha256) return;
  throw new NeurodexError('run-changed', `the encoder ${encoder.file} is not the one that the run began with`, {
    hint: 'put the old file back, or start anew with --force',
    details: { file: encoder.file },
  });
}

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Of the bytes that `encoder.file` names; null for none, and where they cannot be read. */
export async function digestOfEncoder(file: string): Promise<string | null> {
  if (file === '') return null;
  return await readEncoder(file).then(digestOf, () => null);
}

/** The bytes of an ONNX file, or of the encoder of an index's network. @throws NeurodexError `encoder-unusable` */
export async function readEncoder(file: string): Promise<Uint8Array> {
  await refuseSpecialFile(file, 'encoder-unusable');
  if (existsSync(join(file, INDEX_FILE))) return await exported(file);
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const known: Readonly<Record<string, string>> = {
      ENOENT: 'is not there',
      EISDIR: 'is a folder',
      ERR_FS_FILE_TOO_LARGE: 'has more than 2 GiB, which ONNX files cannot have in one piece',
    };
    throw unusable(file, known[code ?? ''] ?? `cannot be read (${code})`, {
      hint: 'name an ONNX file, or the folder of an index, with --set encoder.file=FILE',
      cause: error,
    });
  }
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
