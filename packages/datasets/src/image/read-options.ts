import type { Picture } from '../picture.ts';

/** How a picture is decoded. */
export interface DecodeOptions {
  /** Edge of the square picture that comes out, in pixels. */
  readonly size: number;
  /** Largest file that is decoded, in pixels (width × height of one frame). */
  readonly maxPixels: number;
  /** What the picture is called in messages. */
  readonly name: string;
  /** Seconds that decoding may take, for pictures of strangers; a picture that takes longer is `picture-too-large`. */
  readonly seconds?: number;
}

/** How a picture and its thumbnail are decoded. */
export interface ReadOptions extends DecodeOptions {
  /** Edge of the square thumbnail, in pixels. */
  readonly thumbnail: number;
}

/** A picture for the model and for people. */
export interface ReadPicture {
  /** As the model sees it. */
  readonly picture: Picture;
  /** PNG */
  readonly thumbnail: Uint8Array;
  /** Of the file, upright. */
  readonly dimensions: { readonly width: number; readonly height: number };
}
