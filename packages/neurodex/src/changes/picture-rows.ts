import { defined } from '@neurodex/core';
import type { CatalogueRow } from '../artifact/part-writer.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import type { DescribedPicture } from './describe-pictures.ts';

/** What is known of a new picture beside its number. */
export const factsOf = ({ source, described: { captions } }: DescribedPicture) => ({
  path: source.path,
  labels: source.labels,
  ...(captions === undefined ? {} : { captions }),
  ...(source.objects === undefined ? {} : { objects: source.objects }),
  role: 'catalogue' as const,
});

/** The row of a new picture. */
export function rowOf(picture: DescribedPicture, id: number, cluster: string): CatalogueRow {
  const { pixels, thumbnail, sha256, state, embeddings, vectors } = picture;
  const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) => new Uint8Array(buffer, byteOffset, byteLength);
  const columns: Record<string, Uint8Array> = {
    pixels,
    ...(state === undefined ? {} : { states: bytesOf(state) }),
    ...(embeddings === undefined ? {} : { embeddings: bytesOf(embeddings) }),
  };
  return {
    id,
    cluster,
    ...factsOf(picture),
    metadata: picture.described.metadata,
    thumbnail,
    sha256,
    vectors,
    column: async (name) => defined(columns[name], `the ${name} of a picture`),
  };
}

/** Pictures with their places and their identifiers. @returns also how many got another identifier than they had */
export function withNames(
  pictures: readonly (StoredPicture | Omit<StoredPicture, 'row'>)[],
  identifiers: ReadonlyMap<number, string>,
  firstNew: number,
) {
  let count = 0;
  const named = pictures.map((picture, row): StoredPicture => {
    const identifier = identifiers.get(picture.id) ?? picture.identifier;
    // Most pictures of most changes.
    if ('row' in picture && picture.row === row && picture.identifier === identifier) return picture;
    if (identifier !== picture.identifier && picture.id < firstNew) count++;
    return { ...picture, row, ...(identifier === undefined ? {} : { identifier }) };
  });
  return { pictures: named, count };
}
