import { defined } from '@neurodex/core';
import type { StoredPicture } from '../pictures/picture-store.ts';
import { placeOf } from './rewrite-parts.ts';

/** Which pictures an index has: by id, by path, and by the digest of their files. */
export class PictureRegister {
  private pictures: readonly StoredPicture[];
  /** Ids by the digest of the file, and by the path. */
  private readonly byDigest: Map<string, number>;
  private readonly byPath: Map<string, number>;
  private readonly digests: Map<number, string>;

  /** @param rows in the order of their ids @param digests SHA-256 of the file of each, hexadecimal */
  constructor(rows: readonly StoredPicture[], digests: readonly string[]) {
    this.pictures = rows;
    this.digests = new Map(rows.map(({ id, row }) => [id, defined(digests[row], 'the digest of a picture')]));
    this.byDigest = new Map([...this.digests].map(([id, digest]) => [digest, id]));
    this.byPath = new Map(rows.map(({ path, id }) => [path, id]));
  }

  /** In the order of their ids. */
  get rows(): readonly StoredPicture[] {
    return this.pictures;
  }

  picture(id: number): StoredPicture | undefined {
    const found = this.pictures[placeOf(this.pictures, id)];
    return found?.id === id ? found : undefined;
  }

  /** The picture of a path. */
  named(path: string): StoredPicture | undefined {
    const id = this.byPath.get(path);
    return id === undefined ? undefined : this.picture(id);
  }

  /** The picture whose file has this digest. */
  withDigest(sha256: string): StoredPicture | undefined {
    const id = this.byDigest.get(sha256);
    return id === undefined ? undefined : this.picture(id);
  }

  digestOf(id: number): string | undefined {
    return this.digests.get(id);
  }

  /**
   * What the index has after a change.
   * @param gone pictures that were there under these names and are not any more @param added digests of new ones, by id
   */
  replace(rows: readonly StoredPicture[], gone: readonly StoredPicture[], added: ReadonlyMap<number, string>): void {
    this.pictures = rows;
    for (const { id, path } of gone) {
      this.byPath.delete(path);
      if (this.picture(id) === undefined) this.forget(id);
    }
    for (const { id } of gone) {
      // It has another name now.
      const picture = this.picture(id);
      if (picture !== undefined) this.byPath.set(picture.path, id);
    }
    for (const [id, digest] of added) {
      this.digests.set(id, digest);
      this.byDigest.set(digest, id);
      const picture = defined(this.picture(id), 'a picture that was added');
      this.byPath.set(picture.path, id);
    }
  }

  private forget(id: number): void {
    const digest = this.digests.get(id) ?? '';
    this.digests.delete(id);
    if (this.byDigest.get(digest) !== id) return;
    this.byDigest.delete(digest);
    // A copy of it may be left.
    for (const [other, own] of this.digests) if (own === digest) this.byDigest.set(digest, other);
  }
}
