import { profileFits } from '../icc.ts';
import type { HeicJob, HeicResult } from './decode-job.ts';
import type { Libheif } from './libheif.ts';
import { rasterTiff } from './raster-tiff.ts';

/** Of `enum heif_colorspace`, `heif_chroma` and `heif_channel`. */
const RGB = 1;
const INTERLEAVED_RGB = 10;
const INTERLEAVED_RGBA = 11;
const INTERLEAVED = 10;
/** Of `enum heif_error_code` and `heif_suberror_code`. */
const UNSUPPORTED_FILE = 3;
const UNSUPPORTED_FEATURE = 4;
const NO_MEMORY = 6;
const LIMIT_EXCEEDED = 1000;
/** Offsets in `struct heif_security_limits` and `heif_decoding_options`, in wasm32. */
const MAX_IMAGE_SIZE = 8;
const STRICT_DECODING = 21;

/** What libheif says of a file. */
class HeifProblem extends Error {
  readonly problem: 'damaged' | 'unsupported' | 'memory';

  constructor(code: number, subcode: number, message: string) {
    super(message);
    this.problem =
      code === NO_MEMORY || subcode === LIMIT_EXCEEDED
        ? 'memory'
        : code === UNSUPPORTED_FILE || code === UNSUPPORTED_FEATURE
          ? 'unsupported'
          : 'damaged';
  }
}

/** Pointers and what is behind them; freed together, the last one first. */
class Scope {
  readonly heif: Libheif;
  private readonly undo: (() => void)[] = [];
  /** A `heif_error` of 12 bytes, and behind it room for one result. */
  private readonly room: number;

  constructor(heif: Libheif) {
    this.heif = heif;
    this.room = this.allocate(16);
  }

  allocate(bytes: number): number {
    const at = this.heif.call._malloc(bytes);
    if (at === 0) throw new HeifProblem(NO_MEMORY, 0, 'no memory');
    this.later(() => this.heif.call._free(at));
    return at;
  }

  later(free: () => void): void {
    this.undo.push(free);
  }

  number(at: number): number {
    return new DataView(this.heif.bytes().buffer).getUint32(at, true);
  }

  /** Calls a function that returns a `heif_error`, and gives what it wrote to its last pointer. */
  result(call: (error: number, result: number) => number): number {
    call(this.room, this.room + 12);
    const code = this.number(this.room);
    if (code === 0) return this.number(this.room + 12);
    const memory = this.heif.bytes();
    const message = this.number(this.room + 8);
    const text = Buffer.from(memory.subarray(message, memory.indexOf(0, message))).toString('latin1');
    throw new HeifProblem(code, this.number(this.room + 4), text);
  }

  free(): void {
    for (const undo of this.undo.reverse()) undo();
  }
}

/**
 * The primary picture of a HEIF file, cropped, turned and mirrored as the file says.
 * @throws where the instance is of no use any more: memory ran out within the decoder, or its code failed
 */
export function decodeHeic(heif: Libheif, job: HeicJob): HeicResult {
  heif.limit = job.maxMemory;
  const scope = new Scope(heif);
  let result: HeicResult;
  try {
    result = decoded(scope, job);
  } catch (error) {
    if (!(error instanceof HeifProblem)) throw error;
    result = { problem: error.problem, message: error.message };
  }
  scope.free();
  return result;
}

function decoded(scope: Scope, { file, maxPixels }: HeicJob): Uint8Array {
  const { call } = scope.heif;
  const at = scope.allocate(file.length);
  scope.heif.bytes().set(file, at);
  const context = call._heif_context_alloc();
  scope.later(() => call._heif_context_free(context));
  const limits = call._heif_context_get_security_limits(context);
  new DataView(scope.heif.bytes().buffer).setBigUint64(limits + MAX_IMAGE_SIZE, BigInt(maxPixels), true);
  scope.result((error) => call._heif_context_read_from_memory_without_copy(error, context, at, file.length, 0));
  const handle = scope.result((error, out) => call._heif_context_get_primary_image_handle(error, context, out));
  scope.later(() => call._heif_image_handle_release(handle));
  const alpha = call._heif_image_handle_has_alpha_channel(handle) !== 0;
  const icc = profileOf(scope, handle);
  const options = call._heif_decoding_options_alloc();
  scope.later(() => call._heif_decoding_options_free(options));
  // Otherwise tiles that cannot be decoded would come out black.
  scope.heif.bytes()[options + STRICT_DECODING] = 1;
  const chroma = alpha ? INTERLEAVED_RGBA : INTERLEAVED_RGB;
  const image = scope.result((error, out) => call._heif_decode_image(error, handle, out, RGB, chroma, options));
  scope.later(() => call._heif_image_release(image));
  const stride = scope.allocate(4);
  const plane = call._heif_image_get_plane_readonly(image, INTERLEAVED, stride);
  return rasterTiff({
    width: call._heif_image_get_width(image, INTERLEAVED),
    height: call._heif_image_get_height(image, INTERLEAVED),
    channels: alpha ? 4 : 3,
    premultiplied: call._heif_image_handle_is_premultiplied_alpha(handle) !== 0,
    pixels: scope.heif.bytes().subarray(plane),
    stride: scope.number(stride),
    icc,
  });
}

function profileOf(scope: Scope, handle: number): Uint8Array | undefined {
  const { call } = scope.heif;
  const length = call._heif_image_handle_get_raw_color_profile_size(handle);
  if (length === 0) return undefined;
  const at = scope.allocate(length);
  scope.result((error) => call._heif_image_handle_get_raw_color_profile(error, handle, at));
  const icc = scope.heif.bytes().slice(at, at + length);
  return profileFits(icc, 3) ? icc : undefined;
}
