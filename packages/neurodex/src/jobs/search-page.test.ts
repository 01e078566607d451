import { readFile, writeFile } from 'node:fs/promises';
import { silentReporter } from '@neurodex/core';
import { parseHTML } from 'linkedom';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { searchIndex } from './search.ts';
import { disc, WrittenIndexes } from './written-indexes.fixture.ts';

let written: WrittenIndexes;
const COLOURS = { red: '#c22', blue: '#22c' } as const;
const asked = { system: 'pixels', device: 'cpu', reporter: silentReporter } as const;

beforeAll(async () => {
  written = await WrittenIndexes.create();
  const drawn = await Promise.all(
    Object.entries(COLOURS).flatMap(([name, colour]) =>
      Array.from({ length: 10 }, async (_, i) => [`${name}/${i}.png`, await disc(colour, i)] as const),
    ),
  );
  await written.make(await written.draw('photos', Object.fromEntries(drawn)), 'index', {}, ['pixels']);
}, 60_000);
afterAll(() => written.remove());

/** The mean colour of a picture. */
const colourOf = async (picture: Uint8Array): Promise<number[]> => {
  const { channels } = await sharp(picture).stats();
  return channels.map(({ mean }) => mean);
};

it('writes the pictures of queries and answers beside their scores', async () => {
  const [file, html] = [written.at('photos', 'blue', '3.png'), written.at('answers.html')];
  const options = { ...asked, index: written.at('index'), files: [file], k: 3 };
  const names = new Map([
    [options.index, 'my index'],
    [file, 'mine.png'],
  ]);
  const found = await searchIndex({ ...options, html, pictures: true, names });
  const { document } = parseHTML(await readFile(html, 'utf8'));
  expect(document.querySelector('h1')?.textContent).toBe('Answers of my index');
  expect(document.querySelector('h2')?.textContent).toBe('mine.png');
  const images = [...document.querySelectorAll('img')].map((image) =>
    Buffer.from(image.getAttribute('src')?.split(',')[1] ?? '', 'base64'),
  );
  const pictures = found.pictures?.[0];
  expect(images.map((bytes) => [...bytes])).toEqual(
    [pictures?.query ?? new Uint8Array(), ...(pictures?.answers ?? [])].map((bytes) => [...bytes]),
  );
  expect(images).toHaveLength(4);
  // Each answer is shown by its own picture: its colour is that of the file it names.
  for (const [i, { picture }] of (found.results[0]?.answers ?? []).entries()) {
    const [shown, original] = [
      await colourOf(images[i + 1] ?? new Uint8Array()),
      await readFile(written.at('photos', picture)),
    ];
    const expected = await colourOf(original);
    for (const [c, value] of shown.entries()) expect(Math.abs(value - (expected[c] ?? NaN)), picture).toBeLessThan(4);
  }
  expect([...document.querySelectorAll('ol b')].map((name) => name.textContent)).toEqual(
    found.results[0]?.answers.map(({ rank, picture }) => `${rank}. ${picture}`),
  );
});

it('hands no pictures back where none were asked for, and writes over its own page only', async () => {
  const [file, html] = [written.at('photos', 'red', '3.png'), written.at('again.html')];
  const options = { ...asked, index: written.at('index'), files: [file], k: 1 };
  expect(Object.keys(await searchIndex(options))).toEqual(['results']);
  expect(Object.keys(await searchIndex({ ...options, html }))).toEqual(['results']);
  await searchIndex({ ...options, html });
  const foreign = written.at('foreign.html');
  await writeFile(foreign, 'mine');
  await expect(searchIndex({ ...options, html: foreign })).rejects.toMatchObject({ code: 'output-exists' });
  // The query itself is never written over.
  await expect(searchIndex({ ...options, html: file })).rejects.toMatchObject({ code: 'output-exists' });
  expect(await readFile(foreign, 'utf8')).toBe('mine');
});
