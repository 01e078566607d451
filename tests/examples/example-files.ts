import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ARTISTS } from '../../packages/datasets/src/datasets/emoji/artists.ts';
import { makeZip } from '../../packages/datasets/src/download/archives.fixture.ts';

const FIXTURES = fileURLToPath(new URL('../../packages/datasets/src/datasets/fixtures/', import.meta.url));

/** Of the emoji: a name that several artists draw, by category. */
const CONCEPTS = { 'Animals & Nature': ['octopus'], 'Food & Drink': ['pizza'], 'Travel & Places': ['rocket'] };

/**
 * What examples of data sets and downloads name, beside the photos and the index of `Pets`: files of other programs
 * (packages/datasets/src/datasets/fixtures), an archive, and packages of emoji.
 * @param root the folder of `Pets`
 */
export function addExampleFiles(root: string): void {
  cpSync(join(FIXTURES, 'coco'), join(root, 'coco2014'), { recursive: true });
  cpSync(join(FIXTURES, 'idx'), join(root, 'digits'), { recursive: true });
  cpSync(join(FIXTURES, 'parquet/imagenette/160px/validation'), join(root, 'imagenette'), { recursive: true });
  const picture = (name: string) => ({ name, content: readFileSync(join(root, 'photos', name)) });
  const archive = makeZip([picture('cat/0.png'), picture('dog/0.png'), { name: 'readme.txt', content: 'Two pets' }]);
  writeFileSync(join(root, 'pets.zip'), archive);
  for (const [i, { name }] of ARTISTS.entries()) writeEmoji(join(root, 'emoji', name), name, i);
}

/** A package in Iconify's format: each concept is a rectangle of its own width, in the colour of the artist. */
function writeEmoji(folder: string, artist: string, number: number): void {
  mkdirSync(folder, { recursive: true });
  const write = (file: string, value: object): void => writeFileSync(join(folder, file), JSON.stringify(value));
  const names = Object.values(CONCEPTS).flat();
  const body = (i: number): string => `<rect width="${8 + i}" height="32" fill="rgb(${20 * number}, 128, 64)"/>`;
  const icons = Object.fromEntries(names.map((name, i) => [name, { body: body(i) }]));
  write('package.json', { name: `@iconify-json/${artist}` });
  write('icons.json', { prefix: artist, icons, width: 32, height: 32 });
  write('info.json', { name: artist, author: { name: `Author of ${artist}` }, license: { title: 'CC BY 4.0' } });
  write('metadata.json', { categories: CONCEPTS });
  write('chars.json', Object.fromEntries(names.map((name, i) => [(0x1f400 + i).toString(16), name])));
}
