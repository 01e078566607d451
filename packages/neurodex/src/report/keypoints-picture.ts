import { libvips } from '@neurodex/datasets/image';

export interface DrawnKeypoint {
  readonly x: number;
  readonly y: number;
  /** Diameter in pixels. */
  readonly size: number;
  /** Degrees. */
  readonly angle: number;
}

/** Colours by turns, so that circles that overlap can be told apart. */
const COLOURS = ['#e6194b', '#3cb44b', '#4363d8', '#f58231', '#911eb4', '#008080'];

/**
 * The picture with each keypoint as a circle of its size and a radius in its direction, as a PNG.
 * @param pixels uint8 RGB [height, width, 3]
 */
export async function keypointsPicture(
  pixels: Uint8Array,
  width: number,
  height: number,
  keypoints: readonly DrawnKeypoint[],
): Promise<Uint8Array> {
  const shapes = keypoints.map(({ x, y, size, angle }, i) => {
    // The middle of the first pixel is 0 for SIFT and ½ for SVG.
    const [cx, cy, radius] = [x + 0.5, y + 0.5, size / 2];
    const radians = (angle * Math.PI) / 180;
    const [dx, dy] = [radius * Math.cos(radians), radius * Math.sin(radians)];
    const d = (n: number) => n.toFixed(2);
    return `<g stroke="${COLOURS[i % COLOURS.length]}"><circle cx="${d(cx)}" cy="${d(cy)}" r="${d(radius)}"/><path d="M${d(cx)} ${d(cy)}l${d(dx)} ${d(dy)}"/></g>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><g fill="none">${shapes.join('')}</g></svg>`;
  const png = await libvips()(pixels, { raw: { width, height, channels: 3 } })
    .composite([{ input: Buffer.from(svg) }])
    .png()
    .toBuffer();
  return new Uint8Array(png.buffer, png.byteOffset, png.length);
}
