import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorMessage } from '@neurodex/core';
import { refuseSpecialFile } from '@neurodex/core/storage';
import {
  INDEX_FILE,
  readIndexManifest,
  readListed,
  TEXT_ENCODER_FILE,
  type TextFacts,
  TOKENIZER_FILE,
} from '../artifact/manifest.ts';
import { isEncoderName } from '../models/encoder/named-encoders.ts';
import { TEXT_TOWERS, towersOf } from '../models/encoder/towers.ts';
import { unusable } from '../models/encoder/unusable.ts';
import type { TextEncoderHints } from '../models/text-encoder/facts.ts';
import { readHints } from '../models/text-encoder/hints.ts';
import { declarationOf, type FetchOptions, fetchEncoder } from './fetch-encoder.ts';

/** Where a text encoder lies in a folder: as a text tower, or by itself as sentence encoders do. */
const PLACES = [...TEXT_TOWERS, 'onnx/model.onnx', 'model.onnx'];

/** What lies on disk of a text encoder. */
export interface TextEncoderFiles {
  readonly onnx: Uint8Array;
  /** Its tokenizer.json, as it was published. */
  readonly tokenizer: Uint8Array;
  /** Of an index whose encoder this is. */
  readonly facts: NonNullable<TextFacts['encoder']> | undefined;
  readonly hints: TextEncoderHints | undefined;
  /** Of the ONNX file. */
  readonly name: string;
}

/**
 * The text tower of an encoder that has one for pictures, too. That of a named encoder is downloaded.
 * @param path its name, its folder or its file
 * @throws NeurodexError `encoder-unusable`; those of downloads
 */
export async function readTower(path: string, options: FetchOptions): Promise<TextEncoderFiles> {
  const folder = isEncoderName(path) ? await fetchEncoder(declarationOf(path), true, options) : path;
  const { text } = await towersOf(folder);
  if (text === undefined) {
    throw unusable(path, 'has no text tower with a tokenizer.json', {
      hint: 'take one that was made for pictures and text, or set text.encoder to none',
    });
  }
  const tokenizer = await readNamed(text.file, text.tokenizer, 'make it readable');
  const { onnx } = await text.read();
  const hints = await hintsBeside(dirname(text.tokenizer), tokenizer, text.file);
  return { onnx, tokenizer, name: text.file, facts: undefined, hints };
}

/** A text encoder by itself. @param path an ONNX file, a folder with one, or an index @throws NeurodexError `encoder-unusable` */
export async function readTextEncoder(path: string): Promise<TextEncoderFiles> {
  if (existsSync(join(path, INDEX_FILE))) return await readOfIndex(path);
  const place = PLACES.find((each) => existsSync(join(path, each)));
  const file = place === undefined ? path : join(path, place);
  const onnx = await readNamed(file, file, 'name an ONNX file, or a folder with one, with --set text.encoder=FILE');
  const folder = dirname(file);
  const beside = [folder, dirname(folder)].find((each) => existsSync(join(each, TOKENIZER_FILE)));
  if (beside === undefined) {
    throw unusable(file, `has no ${TOKENIZER_FILE} beside it or in the folder above`, {
      hint: 'put the tokenizer.json there that was published with it',
    });
  }
  const tokenizer = await readNamed(file, join(beside, TOKENIZER_FILE), 'make it readable');
  return { onnx, tokenizer, name: file, facts: undefined, hints: await hintsBeside(beside, tokenizer, file) };
}

async function hintsBeside(folder: string, tokenizer: Uint8Array, file: string): Promise<TextEncoderHints> {
  const text = async (...names: string[]): Promise<string | undefined> =>
    await readFile(join(folder, ...names), 'utf8').catch(() => undefined);
  try {
    return readHints({
      tokenizer: new TextDecoder('utf-8').decode(tokenizer),
      tokenizerConfig: await text('tokenizer_config.json'),
      sentences: await text('sentence_bert_config.json'),
      pooling: await text('1_Pooling', 'config.json'),
    });
  } catch (error) {
    throw unusable(file, `has files beside it that cannot be read: ${errorMessage(error)}`, {
      hint: 'put the files there again that were published with it',
      cause: error,
    });
  }
}

async function readOfIndex(folder: string): Promise<TextEncoderFiles> {
  const manifest = await readIndexManifest(folder);
  const { text } = manifest;
  if (text?.encoder === undefined) {
    throw unusable(folder, 'is an index without a text encoder', { hint: 'name an ONNX file, or another index' });
  }
  return {
    onnx: await readListed(folder, text.encoder),
    tokenizer: await readListed(folder, text.tokenizer),
    hints: undefined,
    facts: text.encoder,
    name: join(folder, TEXT_ENCODER_FILE),
  };
}

/** @param encoder whose file it is @throws NeurodexError `encoder-unusable` */
async function readNamed(encoder: string, file: string, hint: string): Promise<Uint8Array> {
  await refuseSpecialFile(file, 'encoder-unusable');
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const known: Readonly<Record<string, string>> = {
      ENOENT: 'is not there',
      EISDIR: `is a folder without ${PLACES.join(', ')}`,
    };
    const what = known[code ?? ''] ?? `cannot be read (${code})`;
    throw unusable(encoder, file === encoder ? what : `has ${basename(file)} beside it, which ${what}`, {
      hint,
      cause: error,
    });
  }
}
