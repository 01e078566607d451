import {
  COPY_AGAIN,
  DEVELOP,
  formatByName,
  notAnImage,
  notAPicture,
  pictureEmpty,
  sniffFormat,
} from '@neurodex/datasets/skipped';
import { EngineError } from '../engine.ts';
import type { LeftOut } from '../indexer.ts';

type Format = NonNullable<ReturnType<typeof formatByName>>;
interface Refusal {
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Formats that most browsers have no decoder for. */
const RARELY_DECODED: Partial<Record<Format, { readonly what: string; readonly hint: string }>> = {
  HEIC: { what: 'a HEIC picture', hint: 'convert the picture to JPEG' },
  TIFF: { what: 'a TIFF picture', hint: 'convert the picture to JPEG or PNG' },
  'camera raw': { what: 'a camera raw file', hint: DEVELOP },
};

/** Why a picture is skipped, as `neurodex index` says it. Every error skips one picture and no more. */
export async function leftOut(path: string, file: Blob, error: unknown): Promise<LeftOut> {
  if (error instanceof EngineError && error.code !== 'not-a-picture') return told(path, error);
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    return {
      path,
      reason: 'cannot be read: it was changed, moved or deleted after it was chosen',
      advice: 'choose the pictures again',
    };
  }
  if (bytes.length === 0) return told(path, pictureEmpty(path));
  const format = sniffFormat(bytes);
  if (format === undefined)
    return formatByName(path) === null ? notAPicture(path) : told(path, notAnImage(path, bytes));
  return told(path, undecoded(path, format));
}

function undecoded(path: string, format: Format): Refusal {
  const rare = RARELY_DECODED[format];
  if (rare !== undefined)
    return { message: `${path} is ${rare.what}, which this browser does not decode`, hint: rare.hint };
  // A browser does not say what is wrong.
  return { message: `${path} is a damaged ${format} file, or too large for this browser`, hint: COPY_AGAIN };
}

/** The list names the file already. */
const told = (path: string, { message, hint }: Refusal): LeftOut => ({
  path,
  reason: message.startsWith(`${path} `) ? message.slice(path.length + 1) : message,
  advice: hint,
});
