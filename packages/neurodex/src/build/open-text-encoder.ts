import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Runtime } from '@neurodex/autograd';
import { errorMessage, NeurodexError, silentReporter } from '@neurodex/core';
import { refuseSpecialFile } from '@neurodex/core/storage';
import {
  INDEX_FILE,
  readIndexManifest,
  readListed,
  TEXT_ENCODER_FILE,
  type TextFacts,
  TOKENIZER_FILE,
} from '../artifact/manifest.ts';
import type { Config } from '../config.ts';
import { isEncoderName, namedEncoder } from '../models/encoder/named-encoders.ts';
import { towersOf } from '../models/encoder/towers.ts';
import { unusable } from '../models/encoder/unusable.ts';
import type { TextEncoderHints } from '../models/text-encoder/facts.ts';
import { readHints } from '../models/text-encoder/hints.ts';
import { FrozenTextEncoder } from '../models/text-encoder/text-encoder.ts';
import { TextTokenizer } from '../text/tokenizer.ts';
import { declarationOf, digestOfNamed, type FetchOptions, fetchEncoder } from './fetch-encoder.ts';

/** Where the ONNX file of a text encoder lies in a folder: exports by Optimum for transformers.js, those of Immich, and sentence encoders. */
const PLACES = ['onnx/text_model.onnx', 'text_model.onnx', 'textual/model.onnx', 'onnx/model.onnx', 'model.onnx'];
/** Of these, the ones that lie beside an image encoder. */
const TOWERS = PLACES.slice(0, 3);

/** Says that a network learns to read from tokens, whatever comes with its image encoder. */
export const NO_TEXT_ENCODER = 'none';

/** Where the text encoder of a configuration is. */
interface TextEncoderPlace {
  readonly path: string;
  /** Whether it comes with the image encoder: its vectors lie in the space of those of pictures. */
  readonly isAligned: boolean;
}

/** The text encoder that a configuration names; undefined where there is none. */
export function textEncoderPlace({ encoder, text }: Pick<Config, 'encoder' | 'text'>): TextEncoderPlace | undefined {
  if (text.tokens === 0 || text.encoder === NO_TEXT_ENCODER) return undefined;
  if (text.encoder !== '') return { path: text.encoder, isAligned: text.encoder === encoder.file };
  const { file } = encoder;
  const hasTower = isEncoderName(file)
    ? namedEncoder(file).outputs.text !== undefined
    : file !== '' && TOWERS.some((place) => existsSync(join(file, place)));
  return hasTower ? { path: file, isAligned: true } : undefined;
}

/** Whether a network can take words behind this text encoder where no picture came with any. An index was asked to before. */
export function needsNoTexts(config: Pick<Config, 'encoder' | 'text'>): boolean {
  const place = textEncoderPlace(config);
  return place !== undefined && (place.isAligned || existsSync(join(place.path, INDEX_FILE)));
}

/** A text encoder, and what is kept of it in the index. */
export interface ChosenTextEncoder {
  readonly encoder: FrozenTextEncoder;
  readonly onnx: Uint8Array;
  /** Its tokenizer.json, as it was published. */
  readonly tokenizer: Uint8Array;
  readonly isAligned: boolean;
  /** Of an index whose encoder this is. */
  readonly facts: NonNullable<TextFacts['encoder']> | undefined;
}

/** What opening a text encoder needs. */
export interface OpenTextEncoderRequest extends FetchOptions {
  readonly config: Config;
  readonly runtime: Runtime;
}

/**
 * Opens the text encoder of a configuration; undefined where there is none. One of a named encoder is downloaded.
 * @throws NeurodexError `encoder-unusable`; those of downloads
 */
export async function openChosenTextEncoder(request: OpenTextEncoderRequest): Promise<ChosenTextEncoder | undefined> {
  const place = textEncoderPlace(request.config);
  if (place === undefined) return undefined;
  const { path, isAligned } = place;
  const files = isAligned ? await readTower(path, request) : await readTextEncoder(path);
  const { onnx, tokenizer: bytes, hints, facts, name } = files;
  const tokenizer = tokenizerIn(bytes, name);
  const encoder =
    facts === undefined
      ? await FrozenTextEncoder.open(request.runtime, onnx, { name, tokenizer, hints: hints ?? {} })
      : await FrozenTextEncoder.restore(request.runtime, onnx, facts, { name, tokenizer });
  return { encoder, onnx, tokenizer: bytes, isAligned: isAligned || (facts?.shift ?? null) !== null, facts };
}

/** Of the bytes of a text encoder and its tokenizer; null for none, and where they cannot be read. */
export async function digestOfTextEncoder(config: Pick<Config, 'encoder' | 'text'>): Promise<string | null> {
  const place = textEncoderPlace(config);
  if (place === undefined) return null;
  const { path, isAligned } = place;
  // Of all files of a named encoder.
  if (isEncoderName(path)) return digestOfNamed(path);
  return await (isAligned ? readTower(path, { reporter: silentReporter }) : readTextEncoder(path)).then(
    ({ onnx, tokenizer }) => createHash('sha256').update(onnx).update(tokenizer).digest('hex'),
    () => null,
  );
}

interface TextEncoderFiles extends Pick<ChosenTextEncoder, 'onnx' | 'tokenizer' | 'facts'> {
  readonly hints: TextEncoderHints | undefined;
  /** Of the ONNX file. */
  readonly name: string;
}

/** The text tower of an encoder that has one for pictures, too. @param path its name, its folder or its file */
async function readTower(path: string, options: FetchOptions): Promise<TextEncoderFiles> {
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

/** @param path an ONNX file, a folder with one, or an index */
async function readTextEncoder(path: string): Promise<TextEncoderFiles> {
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

function tokenizerIn(bytes: Uint8Array, name: string): TextTokenizer {
  const json = new TextDecoder('utf-8').decode(bytes);
  try {
    return TextTokenizer.parse(json, TOKENIZER_FILE, { foreign: true });
  } catch (error) {
    if (!(error instanceof NeurodexError)) throw error;
    throw unusable(name, `has a tokenizer beside it that cannot be used: ${error.message}`, {
      hint: 'put the tokenizer.json there that was published with it',
      cause: error,
    });
  }
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
