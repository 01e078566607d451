import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

/** Draws a folder for each colour, with 12 pictures of 24 × 24 pixels: rectangles of several widths and places. */
export async function drawFolders(
  root: string,
  colours: Readonly<Record<string, string>>,
  format: 'png' | 'jpg',
): Promise<void> {
  for (const [name, colour] of Object.entries(colours)) {
    mkdirSync(join(root, name), { recursive: true });
    for (let i = 0; i < 12; i++) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"><rect x="${i % 6}" y="4" width="${10 + (i % 5)}" height="14" fill="${colour}"/></svg>`;
      const drawn = sharp(Buffer.from(svg)).flatten({ background: '#fff' });
      await (format === 'png' ? drawn.png() : drawn.jpeg()).toFile(join(root, name, `${i}.${format}`));
    }
  }
}
