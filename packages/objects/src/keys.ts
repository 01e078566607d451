import { NeurodexError, visibleName } from '@neurodex/core';

/** S3 takes 1024 bytes; the rest is for the prefix of a place. */
const LONGEST_KEY = 768;
/** Bytes of a file name. */
const LONGEST_PART = 255;

/** What stands for itself in a file name on every system. A leading '.' does not: such names are the store's own. */
const PLAIN = /^[A-Za-z0-9_+=,@-]$/;

/**
 * Whether a text is a key of any store: parts between single '/', none of them empty, '.' or '..', of well-formed Unicode
 * without control characters, 768 bytes at most, each part at most 255 bytes as a file name (`partToName`).
 * @throws NeurodexError `object-key-invalid`
 * @example
 * ```ts
 * import { checkKey } from '@neurodex/objects';
 *
 * checkKey('runs/first');
 * try {
 *   checkKey('../first');
 * } catch (error) {
 *   console.log(error instanceof Error && error.message); // → ../first is no key of an object: a part of it is '..'
 * }
 * ```
 */
export function checkKey(key: string): void {
  const why = whyNoKey(key);
  if (why === undefined) return;
  throw new NeurodexError('object-key-invalid', `${visibleName(key.slice(0, 200))} is no key of an object: ${why}`, {
    hint: "use letters, digits, '-', '_' and '.', in parts between single '/'",
  });
}

/** Whether `checkKey` takes it. */
export const isKey = (key: string): boolean => whyNoKey(key) === undefined;

function whyNoKey(key: string): string | undefined {
  if (/\p{Cs}/u.test(key)) return 'it is not well-formed Unicode';
  if (Buffer.byteLength(key) > LONGEST_KEY) return `it has more than ${LONGEST_KEY} bytes`;
  if (/\p{Cc}/u.test(key)) return 'it holds a control character';
  for (const part of key.split('/')) {
    if (part === '') return 'a part of it is empty';
    if (part === '.' || part === '..') return `a part of it is '${part}'`;
    if (partToName(part).length > LONGEST_PART) return 'a part of it is too long for a file name';
  }
  return undefined;
}

/**
 * The file name of a part of a key: what is not plain is percent-encoded, byte for byte of UTF-8, so that no two parts
 * have one name, whichever characters a file system refuses or takes for the same. No such name begins with '.'.
 */
export const partToName = (part: string): string =>
  [...part]
    .map((character, i, all) => (isPlain(character, i, all.length) ? character : percentEncoded(character)))
    .join('');

/** Windows drops a '.' at the end of a name. */
const isPlain = (character: string, at: number, length: number): boolean =>
  PLAIN.test(character) || (character === '.' && at > 0 && at < length - 1);

const percentEncoded = (character: string): string =>
  [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');

/** The part of a key that a file name stands for; undefined for a name that `partToName` does not give. */
export function nameToPart(name: string): string | undefined {
  try {
    const part = decodeURIComponent(name);
    const isOwn = partToName(part) === name && !part.includes('/') && isKey(part);
    return isOwn ? part : undefined;
  } catch {
    return undefined;
  }
}

/** In the order of the bytes of their UTF-8, as S3 lists keys. */
export const compareKeys = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
