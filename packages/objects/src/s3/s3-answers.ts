import { parseXml, XmlElement } from '@rgrove/parse-xml';

/** Elements of the answers of S3, read without a schema: servers leave out what others send. */

/** The root of a document; undefined for what is none. */
export function parseAnswer(text: string): XmlElement | undefined {
  try {
    return parseXml(text).root ?? undefined;
  } catch {
    return undefined;
  }
}

export const childrenOf = (element: XmlElement, name: string): XmlElement[] =>
  element.children.filter((child): child is XmlElement => child instanceof XmlElement && child.name === name);

/** The text of the first child of a name; undefined where there is none. */
export const textOf = (element: XmlElement, name: string): string | undefined => childrenOf(element, name)[0]?.text;

export interface ListPage {
  /** Whole keys of the bucket, with their sizes. */
  readonly objects: readonly { readonly key: string; readonly bytes: number }[];
  /** Asks for the next page; undefined on the last. */
  readonly next: string | undefined;
}

/** A page of ListObjectsV2; undefined for what is none. */
export function parseListPage(text: string): ListPage | undefined {
  const root = parseAnswer(text);
  if (root?.name !== 'ListBucketResult') return undefined;
  const isEncoded = textOf(root, 'EncodingType') === 'url';
  const objects: { key: string; bytes: number }[] = [];
  for (const element of childrenOf(root, 'Contents')) {
    const key = decoded(textOf(element, 'Key') ?? '', isEncoded);
    const bytes = Number(textOf(element, 'Size') ?? Number.NaN);
    if (key === undefined || !Number.isSafeInteger(bytes) || bytes < 0) return undefined;
    objects.push({ key, bytes });
  }
  const next = textOf(root, 'IsTruncated') === 'true' ? textOf(root, 'NextContinuationToken') : undefined;
  if (textOf(root, 'IsTruncated') === 'true' && (next === undefined || next === '')) return undefined;
  return { objects, next };
}

function decoded(key: string, isEncoded: boolean): string | undefined {
  if (!isEncoded) return key;
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** The upload that CreateMultipartUpload began; undefined for another answer. Servers call the root by several names. */
export function parseUploadId(text: string): string | undefined {
  const root = parseAnswer(text);
  return root === undefined ? undefined : textOf(root, 'UploadId') || undefined;
}

/** What ends an upload. @param etags of its parts, in their order */
export const completeUploadBody = (etags: readonly string[]): string =>
  `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${etags
    .map((etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`)
    .join('')}</CompleteMultipartUpload>`;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
