import type { EncoderInput } from '../models/encoder/encoder.ts';
import { type KnownEncoder, knownEncoder } from '../models/encoder/redistribution.ts';
import type { Preprocessing } from '../query/preprocessing.ts';
import type { Index } from '../systems/open-index.ts';

/** The image encoder of an export: the file of the index, unchanged. */
export const IMAGE_ENCODER_FILE = 'image_encoder.onnx';

/** How the encoder of an export is fed and read. */
export interface ExportedEncoder {
  readonly file: typeof IMAGE_ENCODER_FILE;
  readonly bytes: number;
  readonly sha256: string;
  readonly input: EncoderInput & {
    /** Edge of the square picture, in pixels. */
    readonly size: number;
  };
  readonly output: {
    readonly name: string;
    /** P: the output is [B,P,C], or [B,C] where it is 1. */
    readonly tokens: number;
    /** C */
    readonly channels: number;
  };
  /** How the whole picture becomes the input; null where a square of it does. */
  readonly preprocessing: Preprocessing | null;
  /** Without preprocessing. */
  readonly square: {
    /** Longest edge of the centre square that is made first, and from which the input is resized; null where there is no such step. */
    readonly thumbnail: number | null;
    /** Of red, green and blue, of values from 0 to 1; without meaning for an input of bytes. */
    readonly mean: readonly number[];
    readonly std: readonly number[];
  } | null;
  /** Where it is from, and whose it is; null where that is not known. */
  readonly origin: Pick<KnownEncoder, 'name' | 'source' | 'revision' | 'licence'> | null;
}

/** The encoder in front of the network of an index; undefined where the network reads pixels. @throws NeurodexError of the encoder */
export async function exportedEncoder(index: Index): Promise<ExportedEncoder | undefined> {
  const { encoder: listed, config } = index.manifest;
  const backbone = await index.backbone();
  if (backbone === undefined || listed === undefined) return undefined;
  const { facts, input } = backbone.encoder;
  const { size, preprocessing = null, mean, std, output, tokens, channels } = facts;
  const thumbnail = size === index.store.size ? null : config.pictures.thumbnail;
  return {
    file: IMAGE_ENCODER_FILE,
    bytes: listed.bytes,
    sha256: listed.sha256,
    input: { ...input, size },
    output: { name: output, tokens, channels },
    preprocessing,
    square: preprocessing === null ? { thumbnail, mean, std } : null,
    origin: originOf(knownEncoder(listed)),
  };
}

function originOf(known: KnownEncoder | undefined): ExportedEncoder['origin'] {
  if (known === undefined) return null;
  const { redistributable: _, ...origin } = known;
  return origin;
}
