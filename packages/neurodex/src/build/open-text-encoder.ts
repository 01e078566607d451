import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Runtime } from '@neurodex/autograd';
import { NeurodexError, silentReporter } from '@neurodex/core';
import { z } from 'zod';
import { INDEX_FILE, TOKENIZER_FILE } from '../artifact/manifest.ts';
import type { Config } from '../config.ts';
import { isEncoderName, namedEncoder } from '../models/encoder/named-encoders.ts';
import { hasTextTower } from '../models/encoder/towers.ts';
import { unusable } from '../models/encoder/unusable.ts';
import { FrozenTextEncoder } from '../models/text-encoder/text-encoder.ts';
import { TextTokenizer } from '../text/tokenizer.ts';
import { digestOfNamed, type FetchOptions } from './fetch-encoder.ts';
import { readTextEncoder, readTower, type TextEncoderFiles } from './text-encoder-files.ts';

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
  const { file, frozenBackbone } = encoder;
  // Where the network reads pixels, its states have nothing to do with vectors of texts.
  const readsVectors = file !== '' && frozenBackbone;
  if (text.encoder !== '') {
    const isTower = text.encoder === file || isAlignedIndex(text.encoder);
    return { path: text.encoder, isAligned: isTower && readsVectors };
  }
  if (!readsVectors) return undefined;
  const hasTower = isEncoderName(file) ? namedEncoder(file).outputs.text !== undefined : hasTextTower(file);
  return hasTower ? { path: file, isAligned: true } : undefined;
}

/** Whether the text encoder of an index came with its image encoder. What is wrong with an index is said when it is read. */
function isAlignedIndex(path: string): boolean {
  const file = join(path, INDEX_FILE);
  if (!existsSync(file)) return false;
  try {
    const found = shiftSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return found.success && found.data.text.encoder.shift !== null;
  } catch {
    return false;
  }
}

const shiftSchema = z.looseObject({
  text: z.looseObject({ encoder: z.looseObject({ shift: z.array(z.number()).nullable() }) }),
});

/** Whether a network can take words behind this text encoder where no picture came with any. */
export const needsNoTexts = (config: Pick<Config, 'encoder' | 'text'>): boolean =>
  textEncoderPlace(config)?.isAligned === true;

/** A text encoder, and what is kept of it in the index. */
export interface ChosenTextEncoder extends Pick<TextEncoderFiles, 'onnx' | 'tokenizer'> {
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
  const { isAligned } = place;
  const files = await readFiles(place, request);
  const { onnx, tokenizer: bytes, hints, facts, name } = files;
  const tokenizer = tokenizerIn(bytes, name);
  const encoder =
    facts === undefined
      ? await FrozenTextEncoder.open(request.runtime, onnx, { name, tokenizer, hints: hints ?? {} })
      : await FrozenTextEncoder.restore(request.runtime, onnx, facts, { name, tokenizer });
  return { encoder, onnx, tokenizer: bytes, isAligned };
}

/** That of an index is read as it is; that of a named encoder, or beside an image encoder, is its text tower. */
const readFiles = ({ path, isAligned }: TextEncoderPlace, options: FetchOptions): Promise<TextEncoderFiles> =>
  (isAligned || isEncoderName(path)) && !existsSync(join(path, INDEX_FILE))
    ? readTower(path, options)
    : readTextEncoder(path);

/** Of the bytes of a text encoder and its tokenizer; null for none, and where they cannot be read. */
export async function digestOfTextEncoder(config: Pick<Config, 'encoder' | 'text'>): Promise<string | null> {
  const place = textEncoderPlace(config);
  return place === undefined ? null : await digestOf(place);
}

/** The same of what `text.encoder` names. */
export const digestOfTextFiles = (path: string): Promise<string | null> => digestOf({ path, isAligned: false });

async function digestOf(place: TextEncoderPlace): Promise<string | null> {
  // Of all files of a named encoder.
  if (isEncoderName(place.path)) return digestOfNamed(place.path);
  return await readFiles(place, { reporter: silentReporter }).then(
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
