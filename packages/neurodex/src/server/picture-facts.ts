import type { StoredPicture } from '../pictures/picture-store.ts';
import type { Index } from '../systems/open-index.ts';
import type { IndexCard, PictureFacts } from './api/schemas.ts';
import type { BasePath } from './base-path.ts';

/** Digits of the digest of an index, or of one of its files, that tell versions apart. */
export const VERSION_LENGTH = 16;

export function countsOf({ changes }: Index['manifest']): IndexCard['changes'] {
  const { revision = 0, added = 0, removed = 0, learned = 0, renamed = 0 } = changes ?? {};
  return { revision, added, removed, learned, renamed };
}

/** Parts that a change leaves as they are keep their digests, and browsers the pictures that they have of them. */
export function digestsOf({ manifest }: Index['store']): { readonly end: number; readonly digest: string }[] {
  let end = 0;
  return manifest.parts.map(({ rows, pictures }) => {
    end += rows;
    return { end, digest: pictures.sha256.slice(0, VERSION_LENGTH) };
  });
}

/** @param digest undefined where it is not known under which one the picture is stored */
export function factsOf(
  index: string,
  digest: string | undefined,
  { id, path, labels, role, identifier }: Omit<StoredPicture, 'row'>,
  basePath: BasePath = '',
): PictureFacts {
  const image = `${basePath}/v1/pictures/${index}.${id}`;
  const version = digest === undefined ? '' : `?v=${digest}`;
  return {
    id: `${index}.${id}`,
    name: path,
    labels: [...labels],
    role,
    identifier: identifier ?? null,
    image: `${image}${version}`,
    thumbnail: `${image}/thumbnail${version}`,
  };
}
