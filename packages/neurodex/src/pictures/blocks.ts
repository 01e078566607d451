/** That a block along an edge covers a pixel. */
export interface Share {
  readonly block: number;
  readonly pixel: number;
  /** Of the pixel in the mean of the block. */
  readonly share: number;
}

const known = new Map<string, readonly Share[]>();

/** Which pixels each of so many blocks along an edge of `size` pixels covers. */
export function sharesOf(size: number, blocks: number): readonly Share[] {
  const key = `${size} ${blocks}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const shares: Share[] = [];
  const width = size / blocks;
  for (let block = 0; block < blocks; block++) {
    const [from, to] = [block * width, (block + 1) * width];
    for (let pixel = Math.floor(from); pixel < Math.min(size, Math.ceil(to)); pixel++) {
      const share = (Math.min(to, pixel + 1) - Math.max(from, pixel)) / width;
      if (share > 0) shares.push({ block, pixel, share });
    }
  }
  known.set(key, shares);
  return shares;
}
