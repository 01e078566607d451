/** The colour spaces of ICC profiles by the number of their channels (ICC.1:2022 §7.2.6). */
const SPACES: Readonly<Record<string, number>> = { GRAY: 1, 'RGB ': 3, CMYK: 4 };
const MOST_TAGS = 256;

const text = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));

/**
 * Whether an embedded profile can be applied to so many channels of colour: its header and the table of its tags must be whole,
 * and its colour space that of the picture. Programs pass over profiles that cannot.
 */
export function profileFits(icc: Uint8Array | undefined, channels: number): icc is Uint8Array {
  if (icc === undefined || icc.length < 132 || text(icc, 36) !== 'acsp') return false;
  const view = new DataView(icc.buffer, icc.byteOffset, icc.length);
  const count = view.getUint32(128);
  if (SPACES[text(icc, 16)] !== channels || count > MOST_TAGS || 132 + 12 * count > icc.length) return false;
  const tags = new Set<string>();
  for (let at = 132; at < 132 + 12 * count; at += 12) {
    if (view.getUint32(at + 4) + view.getUint32(at + 8) > icc.length) return false;
    tags.add(text(icc, at));
  }
  if (tags.has('A2B0')) return true;
  const needed =
    channels === 1 ? ['kTRC'] : channels === 3 ? ['rXYZ', 'gXYZ', 'bXYZ', 'rTRC', 'gTRC', 'bTRC'] : ['A2B0'];
  return needed.every((tag) => tags.has(tag));
}
