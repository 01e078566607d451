/** What the threads that decode HEIC are asked. */
export interface HeicJob {
  readonly file: Uint8Array;
  /** Path of `libheif.js` of libheif-js; `libheif.wasm` lies beside it. */
  readonly library: string;
  /** Pixels that any picture in the file may have. */
  readonly maxPixels: number;
  /** Bytes that the memory of the decoder may grow to. */
  readonly maxMemory: number;
}

export interface HeicFailure {
  /** 'library': libheif-js itself cannot be used. */
  readonly problem: 'damaged' | 'unsupported' | 'memory' | 'library';
  readonly message: string;
}

/** The picture as an uncompressed TIFF of 8 bits a channel, with its colour profile; or what went wrong. */
export type HeicResult = Uint8Array | HeicFailure;
