import type { TiffDirectory, TiffReader } from '../tiff-reader.ts';

/** Directories of one file that are looked at: cameras write fewer than ten. */
const MOST_DIRECTORIES = 64;
/** Tag of the directories within another one. */
const SUB_DIRECTORIES = 330;

export interface TiffDirectories {
  /** The chain from the first one, each with those within it behind it. */
  readonly directories: readonly TiffDirectory[];
  /** Whether one lies behind the end of the file. */
  readonly cut: boolean;
}

/** All directories of a TIFF, each once: chains that lead in a circle end. */
export function directoriesOf(reader: TiffReader, first?: number): TiffDirectories {
  const directories: TiffDirectory[] = [];
  const seen = new Set<number>([0]);
  let cut = false;
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      cut = true;
      return undefined;
    }
  };
  const chain = (start: number | undefined): void => {
    for (let at = start; at !== undefined && !seen.has(at) && directories.length < MOST_DIRECTORIES; ) {
      seen.add(at);
      const directory = reader.directory(at);
      directories.push(directory);
      if (directory.isCut) {
        cut = true;
        return;
      }
      for (const inside of directory.fields.get(SUB_DIRECTORIES)?.values ?? []) chain(inside);
      at = attempt(() => directory.next());
    }
  };
  chain(first ?? attempt(() => reader.first()));
  return { directories, cut };
}
