import { libvips } from '@neurodex/datasets/image';

/** Edge that the pictures are drawn at, as near as whole factors allow. */
const WANTED = 480;
const GAP = 4;
const MARGIN = 16;

/**
 * How the model sees a picture, as a PNG: the picture at the size that it is given, and beside it the same cut into its
 * patches, which the network sees as one vector each.
 * @param pixels uint8 RGB [size, size, 3]; `size` is a multiple of `patchSize`
 */
export async function patchesPicture(pixels: Uint8Array, size: number, patchSize: number): Promise<Uint8Array> {
  const across = size / patchSize;
  if (!Number.isInteger(across)) throw new RangeError(`${size} pixels cannot be cut into patches of ${patchSize}`);
  const factor = Math.max(1, Math.round(WANTED / size));
  const edge = size * factor;
  const patch = patchSize * factor;
  const enlarged = await libvips()(pixels, { raw: { width: size, height: size, channels: 3 } })
    .resize(edge, edge, { kernel: 'nearest' })
    .raw()
    .toBuffer();
  const raw = { width: edge, height: edge, channels: 3 as const };
  const patches = await Promise.all(
    Array.from({ length: across * across }, async (_, i) => {
      const [x, y] = [i % across, Math.floor(i / across)];
      return {
        input: await libvips()(enlarged, { raw })
          .extract({ left: x * patch, top: y * patch, width: patch, height: patch })
          .raw()
          .toBuffer(),
        raw: { width: patch, height: patch, channels: 3 as const },
        left: 2 * MARGIN + edge + x * (patch + GAP),
        top: MARGIN + y * (patch + GAP),
      };
    }),
  );
  const cut = edge + (across - 1) * GAP;
  const png = await libvips()({
    create: { width: 3 * MARGIN + edge + cut, height: 2 * MARGIN + cut, channels: 3, background: '#ffffff' },
  })
    .composite([{ input: enlarged, raw, left: MARGIN, top: MARGIN }, ...patches])
    .png()
    .toBuffer();
  return new Uint8Array(png.buffer, png.byteOffset, png.length);
}
