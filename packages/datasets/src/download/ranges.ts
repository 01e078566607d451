import type { Answer } from './http.ts';

/** What a Content-Range says (RFC 9110, 14.4): `bytes 0-99/1234`, or, in a refusal, the total alone. `end` is exclusive. */
export function contentRange(
  header: string | undefined,
): { readonly start?: number; readonly end?: number; readonly total?: number } | undefined {
  const [, start, last, total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(header ?? '') ?? [];
  if (total === undefined) return undefined;
  return {
    ...(start === undefined ? {} : { start: Number(start), end: Number(last) + 1 }),
    ...(total === '*' ? {} : { total: Number(total) }),
  };
}

/** What tells two versions of a file apart byte for byte: a strong ETag, else the date of the last change. */
export function validatorOf(answer: Pick<Answer, 'header'>): string | undefined {
  const etag = answer.header('etag');
  return etag?.startsWith('"') ? etag : answer.header('last-modified');
}
