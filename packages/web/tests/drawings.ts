import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

/** Classes of drawings, each by how its i-th looks. */
const CLASSES: Readonly<Record<string, (i: number) => string>> = {
  circle: (i) => `<circle cx="${17 + 2 * (i % 8)}" cy="${26 - 2 * (i % 5)}" r="${8 + (i % 7)}" fill="#c33"/>`,
  square: (i) =>
    `<rect x="${6 + (i % 8)}" y="${10 + (i % 6)}" width="${18 + (i % 7)}" height="${18 + (i % 5)}" fill="#236"/>`,
  triangle: (i) => `<path d="M${5 + 2 * (i % 5)} 40L${22 + 2 * (i % 6)} ${5 + 2 * (i % 7)}L42 40z" fill="#283"/>`,
};
export const CLASS_NAMES = Object.keys(CLASSES);
/** Of each class; more than one page of the catalogue together. */
export const EACH = 24;

export const drawing = (name: string, i: number): Promise<Buffer> =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48"><rect width="48" height="48" fill="#fff"/>${CLASSES[name]?.(i)}</svg>`,
    ),
  )
    .png()
    .toBuffer();

/** A folder of drawings for each class. */
export async function drawInto(folder: string, each = EACH): Promise<void> {
  for (const name of CLASS_NAMES) {
    mkdirSync(join(folder, name), { recursive: true });
    for (let i = 0; i < each; i++) await sharp(await drawing(name, i)).toFile(join(folder, name, `${i}.png`));
  }
}
