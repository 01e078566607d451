/** What a data set may say about a picture's part: in the catalogue, or a query of one of the three splits. */
export const ROLES = ['catalogue', 'train', 'validation', 'test'] as const;
export type Role = (typeof ROLES)[number];

/** One picture of a data set, not yet read. */
export interface SourcePicture {
  /** Relative to the source, '/' between folders, unique in the data set. It is the picture's name everywhere. */
  readonly path: string;
  /** Class names; empty when the data set has no classes. */
  readonly labels: readonly string[];
  /** Sentences that describe it. */
  readonly captions?: readonly string[];
  /** Set for every picture of a data set that fixes the roles itself, and for none otherwise. */
  readonly role?: Role;
  /** The encoded file. Throws NeurodexError `picture-*` when it cannot be read. */
  read(): Promise<Uint8Array>;
}

/** Who drew or took the pictures, and under which licence they are used. */
export interface LicenceNotice {
  readonly work: string;
  readonly author: string;
  readonly licence: string;
  readonly url: string;
}

/** A source of pictures: listed once, read as needed. */
export interface Dataset {
  /** 'folder', 'emoji', … */
  readonly name: string;
  /** What the user named: an absolute path for a folder. */
  readonly source: string;
  /** In a stable order (by path, code unit by code unit), whatever the file system says. */
  readonly pictures: readonly SourcePicture[];
  readonly notices: readonly LicenceNotice[];
  /** Files that were passed over while listing (not a picture by name, broken links …), with the reason. */
  readonly skipped: readonly SkippedFile[];
}

export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}
