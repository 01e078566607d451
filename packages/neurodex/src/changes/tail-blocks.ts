/** Blocks of one size that make up one of the next. */
const BASE = 16;
/** Ids of the largest blocks: as many rows as a part is written anew with in less than a second. */
const LARGEST = BASE ** 3;

/** Ids of pictures that were added since the index was built, `first` up to, not including, `end`. */
export interface Block {
  readonly first: number;
  readonly end: number;
}

/**
 * How the ids of added pictures are cut into parts: like the digits of a number, into a few blocks of each size. One more
 * picture makes one more small part, and sixteen of one size become one of the next: an index that grew by single pictures has
 * about as few parts as any. The cut depends on the last id alone: whatever happened in between, the same pictures lie in the
 * same parts.
 * @param built the first id behind those that were there when the index was built
 * @param end the id behind the last picture
 */
export function blocksOf(built: number, end: number): Block[] {
  const blocks: Block[] = [];
  let first = built;
  for (let size = LARGEST; size >= 1; size /= BASE) {
    for (; first + size <= end; first += size) blocks.push({ first, end: first + size });
  }
  return blocks;
}
