import { Random } from '@neurodex/autograd';
import { encodePng } from '@neurodex/datasets/image';
import type { Picture } from '@neurodex/datasets/picture';
import type { FileFacts, PictureAccess } from './find-same.ts';
import { keysOf, type PictureKeys } from './fingerprint.ts';
import { decodeThumbnail } from './thumbnail.ts';

const SIZE = 48;
const WAVES = 8;

/** A window of a pattern of waves, with noise: the same pattern for the same number. */
function drawWindow(pattern: number, random: Random): Picture {
  const own = Random.seeded(pattern);
  const waves = Array.from({ length: WAVES }, () => {
    const [across, down, phase, channel] = [own.uniform(-4, 4), own.uniform(-4, 4), own.uniform(0, 6), own.integer(3)];
    return { across, down, phase, channel };
  });
  const scale = random.uniform() < 0.5 ? 1 : random.uniform(0.88, 1);
  const [left, top] = [random.uniform() * (1 - scale), random.uniform() * (1 - scale)];
  const mirrored = random.uniform() < 0.2;
  const noise = random.uniform() < 0.5 ? 0 : 2;
  const pixels = new Uint8Array(SIZE * SIZE * 3);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const u = left + (scale * (mirrored ? SIZE - 0.5 - x : x + 0.5)) / SIZE;
      const v = top + (scale * (y + 0.5)) / SIZE;
      const levels = [128, 128, 128];
      for (const { across, down, phase, channel } of waves) {
        levels[channel] = (levels[channel] ?? NaN) + 40 * Math.sin(2 * Math.PI * (across * u + down * v) + phase);
      }
      for (const [c, level] of levels.entries()) {
        const value = Math.round(level + noise * random.normal());
        pixels[3 * (y * SIZE + x) + c] = Math.min(255, Math.max(0, value));
      }
    }
  }
  return { size: SIZE, pixels };
}

/** Pictures of which many show the same: cropped, mirrored, with noise, or equal. */
export function likePictures(count: number, seed: number) {
  const random = Random.seeded(seed);
  const pictures = Array.from({ length: count }, () => drawWindow(random.integer(Math.ceil(count / 3)), random));
  const thumbnails = pictures.map(({ pixels }) => encodePng(pixels, SIZE, SIZE, 3));
  const keys = pictures.map((picture, i): PictureKeys & FileFacts => {
    const file = thumbnails[i] ?? new Uint8Array();
    const facts = { edge: SIZE, width: SIZE, height: SIZE, bytes: file.length, format: 'PNG' as const };
    return { ...keysOf(file, picture), ...facts };
  });
  const access: PictureAccess = {
    pixels: async (at) => pictures[at] ?? { size: 0, pixels: new Uint8Array() },
    thumbnail: async (at) => thumbnails[at] ?? new Uint8Array(),
    decodeThumbnail: (png) => decodeThumbnail(png, 'a thumbnail'),
    wholeDigest: async () => undefined,
  };
  return { keys, access, order: keys.map((_, at) => at) };
}
