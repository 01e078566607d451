import type { EncoderFacts, EncoderInput } from '../models/encoder/encoder.ts';
import type { KnownEncoder } from '../models/encoder/redistribution.ts';
import type { Preprocessing } from '../query/preprocessing.ts';

/** The image encoder of an export: the file of the index, unchanged. */
export const IMAGE_ENCODER_FILE = 'image_encoder.onnx';
/** The text of its licence, where that is known. */
export const IMAGE_ENCODER_LICENCE = 'image_encoder.LICENSE.txt';

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
  readonly origin: Omit<KnownEncoder, 'redistributable'> | null;
}

/** The same for `Encoder.restore`. */
export const encoderFacts = ({ input, output, preprocessing, square }: ExportedEncoder): EncoderFacts => ({
  input: input.name,
  output: output.name,
  size: input.size,
  mean: square?.mean ?? [],
  std: square?.std ?? [],
  tokens: output.tokens,
  channels: output.channels,
  ...(preprocessing === null ? {} : { preprocessing }),
});
