import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Runtime } from '@neurodex/autograd';
import { NeurodexError, silentReporter } from '@neurodex/core';
import { INDEX_FILE, TOKENIZER_FILE } from '../artifact/manifest.ts';
import type { Config } from '../config.ts';
import { isEncoderName, namedEncoder } from '../models/encoder/named-encoders.ts';
import { unusable } from '../models/encoder/unusable.ts';
import { FrozenTextEncoder } from '../models/text-encoder/text-encoder.ts';
import { TextTokenizer } from '../text/tokenizer.ts';
import { digestOfNamed, type FetchOptions } from './fetch-encoder.ts';
import { readTextEncoder, readTower, TEXT_TOWERS, type TextEncoderFiles } from './text-encoder-files.ts';

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
  if (text.encoder !== '')
    return { path: text.encoder, isAligned: text.encoder === encoder.file && encoder.frozenBackbone };
  const { file, frozenBackbone } = encoder;
  // Where the network reads pixels, its states have nothing to do with those vectors.
  if (!frozenBackbone) return undefined;
  const hasTower = isEncoderName(file)
    ? namedEncoder(file).outputs.text !== undefined
    : file !== '' && TEXT_TOWERS.some((place) => existsSync(join(file, place)));
  return hasTower ? { path: file, isAligned: true } : undefined;
}

/** Whether a network can take words behind this text encoder where no picture came with any. An index was asked to before. */
export function needsNoTexts(config: Pick<Config, 'encoder' | 'text'>): boolean {
  const place = textEncoderPlace(config);
  return place !== undefined && (place.isAligned || existsSync(join(place.path, INDEX_FILE)));
}

/** A text encoder, and what is kept of it in the index. */
export interface ChosenTextEncoder extends Pick<TextEncoderFiles, 'onnx' | 'tokenizer' | 'facts'> {
  readonly encoder: FrozenTextEncoder;
  readonly isAligned: boolean;
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
