import type { Reporter } from '@neurodex/core';
import type { PictureMetadata } from '../metadata/picture-metadata.ts';
import type { Picture } from '../picture.ts';

/** What a data set may say about a picture's part: in the catalogue, or a query of one of the three splits. */
export const ROLES = ['catalogue', 'train', 'validation', 'test'] as const;

/** The part of a picture: in the catalogue, or a query of one of the three splits. */
export type Role = (typeof ROLES)[number];

/** One picture of a data set, not yet read. */
export interface SourcePicture {
  /** Relative to the source, '/' between folders, unique in the data set. It is the picture's name everywhere. */
  readonly path: string;
  /** Class names; empty when the data set has no classes. */
  readonly labels: readonly string[];
  /** Sentences that describe it. */
  readonly captions?: readonly string[];
  /** What can be seen in it, and where; the categories are also its labels. */
  readonly objects?: readonly PictureObject[];
  /** Known without reading it; upright, in pixels. */
  readonly dimensions?: Dimensions;
  /** Set for every picture of a data set that fixes the roles itself, and for none otherwise. */
  readonly role?: Role;
  /** The encoded file. Throws NeurodexError `picture-*` when it cannot be read. */
  read(): Promise<Uint8Array>;
  /** XMP files beside it, which say more of it, or what is newer. What cannot be read is not there. */
  readonly sidecars?: () => Promise<readonly Uint8Array[]>;
  /** What it says of itself, where that is known without its file. */
  readonly metadata?: PictureMetadata;
  /** What was decoded before, of a prepared data set; undefined where it has another size. */
  readonly decoded?: (size: number) => Promise<DecodedPicture | undefined>;
}

/** A picture as the model sees it, uint8 RGB [size, size, 3], and its thumbnail for people, as a PNG. */
export interface DecodedPicture {
  /** As the model sees it. */
  readonly picture: Picture;
  /** PNG */
  readonly thumbnail: Uint8Array;
  /** SHA-256 of the file that both were made of, hexadecimal. */
  readonly sha256: string;
}

/** Width and height in pixels. */
export interface Dimensions {
  /** From left to right. */
  readonly width: number;
  /** From top to bottom. */
  readonly height: number;
}

/** One object, or one group of objects of a category, in a picture. */
export interface PictureObject {
  /** What it is. */
  readonly category: string;
  /** Left, top, width and height in pixels of the picture as published. */
  readonly box: readonly [left: number, top: number, width: number, height: number];
  /** Pixels that it covers, which are fewer than those of its box. */
  readonly area: number;
  /** A group that was not taken apart. */
  readonly crowd: boolean;
}

/** Who drew or took the pictures, and under which licence they are used. */
export interface LicenceNotice {
  /** What was made. */
  readonly work: string;
  /** Who made it. */
  readonly author: string;
  /** The name of the licence. */
  readonly licence: string;
  /** Where it is. */
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
  /** Who made the pictures, and under which licences. */
  readonly notices: readonly LicenceNotice[];
  /** Everything that was passed over while listing (not a picture by name, broken links …), with the reason. */
  readonly skipped: readonly SkippedFile[];
  /** How its files were read, where it could have been otherwise: folders looked through, columns that were chosen. */
  readonly layout?: readonly LayoutNote[];
  /** Edge in pixels that its owner has given every picture (the shorter edge of those that are not square). */
  readonly ownSize?: number;
  /** Each picture that is read is a download: no more are looked at than it takes. */
  readonly remote?: boolean;
  /** What it was read from; the same as long as the pictures are. Not there: it has to be read again to know. */
  readonly inputs?: (reading?: InputReading) => Promise<readonly InputFile[]>;
}

/** A file, or a package, that pictures come from. */
export interface InputFile {
  /** Of the file or package. */
  readonly name: string;
  /** Another one when the contents are others: a digest of the bytes, or what the publisher says of them. */
  readonly version: string;
}

/** How files were read, where it could have been otherwise. */
export interface LayoutNote {
  /** A sentence without its full stop. */
  readonly message: string;
  /** It may well not be what was meant: a warning, where the others inform. */
  readonly doubtful?: true;
}

/** Who watches while inputs are read to know their digests. */
export interface InputReading {
  /** Ends the reading. */
  readonly signal?: AbortSignal;
  /** Told how far it is. */
  readonly reporter?: Reporter;
}

/** A file that was passed over. */
export interface SkippedFile {
  /** Relative to the source. */
  readonly path: string;
  /** Why it was passed over. */
  readonly reason: string;
  /** Under which it is counted, where that is not the reason. */
  readonly group?: string | undefined;
  /** Nobody will miss it: it is counted, and no warning names it. */
  readonly expected?: true | undefined;
}
