import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NeurodexError, type ProgressEvent, silentReporter } from '@neurodex/core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { datasetContract } from '../dataset.contract.ts';
import { ARTISTS } from './artists.ts';
import { type EmojiOptions, openEmoji } from './emoji.ts';

/**
 * Tiny packages in Iconify's format, one per artist: every thing is a rectangle of the artist's own colour and of the
 * thing's own width, so that a rendered pixel says whose drawing of what it is.
 */
const THINGS: Readonly<Record<string, readonly string[]>> = {
  'Animals & Nature': ['ant', 'bear', 'cat', 'cat-face', 'octopus', 'koala', 'panda'],
  'Food & Drink': ['banana', 'lemon', 'pizza', 'doughnut', 'eggplant'],
  'Travel & Places': ['anchor', 'fire', 'rocket', 'one-oclock', 'two-thirty'],
  Symbols: ['plus', 'minus'],
};
const NAMES = Object.values(THINGS).flat();
const sequenceOf = (name: string): string => (0x1f400 + NAMES.indexOf(name)).toString(16);
const colourOf = (artist: string): string =>
  `#${(ARTISTS.findIndex((each) => each.name === artist) * 25 + 20).toString(16).padStart(2, '0')}8040`;
const bodyOf = (artist: string, name: string): string =>
  `<rect width="${4 + NAMES.indexOf(name)}" height="32" fill="${colourOf(artist)}"/>`;

let root = '';

async function writeSet(artist: string): Promise<void> {
  const folder = join(root, artist);
  await mkdir(folder, { recursive: true });
  const icons: Record<string, { body: string }> = {};
  for (const name of NAMES) icons[name] = { body: bodyOf(artist, name) };
  const characters: Record<string, string> = {};
  let aliases: Record<string, unknown> = {};
  const hasSequences = ['noto', 'twemoji', 'openmoji', 'fluent-emoji-flat'].includes(artist);
  if (hasSequences) for (const name of NAMES) characters[sequenceOf(name)] = name;

  // twemoji has another name for the eggplant, which two older sets follow; one of them writes names without hyphens.
  const rename = (from: string, to: string): void => {
    icons[to] = icons[from] as { body: string };
    delete icons[from];
    if (characters[sequenceOf(from)] !== undefined) characters[sequenceOf(from)] = to;
  };
  if (artist === 'twemoji') rename('eggplant', 'purple-aubergine');
  if (artist === 'emojione') rename('eggplant', 'purple-aubergine');
  if (artist === 'fxemoji') {
    rename('eggplant', 'purpleaubergine');
    // Its 'cat' is the face, its 'catside' the animal.
    rename('cat', 'catside');
    rename('cat-face', 'cat');
  }
  // An alias is followed, a mirrored one is not taken for the drawing.
  if (artist === 'emojione-v1') {
    rename('ant', 'insect');
    aliases = { ant: { parent: 'insect' }, bear: { parent: 'insect', hFlip: true } };
    delete icons.bear;
  }
  // Nobody but the catalogue draws pandas; the unseen artist's koala is the catalogue's own.
  if (artist !== 'noto' && artist !== 'twemoji') {
    delete icons.panda;
    delete characters[sequenceOf('panda')];
  }
  if (artist === 'fluent-emoji-flat') icons.koala = { body: bodyOf('noto', 'koala') };
  // Two training artists share one drawing, and one draws few things.
  if (artist === 'noto-v1') icons.pizza = { body: bodyOf('emojione', 'pizza') };
  if (artist === 'streamline-emojis') for (const name of NAMES) if (name !== 'lemon') delete icons[name];

  const write = (file: string, value: unknown) => writeFile(join(folder, file), JSON.stringify(value));
  await write('package.json', { name: `@iconify-json/${artist}` });
  await write('icons.json', { prefix: artist, icons, aliases, width: 32, height: 32 });
  const author = { name: `Author of ${artist}`, url: `https://example.org/${artist}` };
  await write('info.json', { name: `Work ${artist}`, author, license: { title: 'CC BY 4.0', spdx: 'CC-BY-4.0' } });
  await write('metadata.json', artist === 'noto' ? { categories: THINGS } : {});
  await write('chars.json', characters);
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-emoji-'));
  for (const { name } of ARTISTS) await writeSet(name);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const open = (options: Partial<EmojiOptions> = {}) =>
  openEmoji({
    concepts: 9,
    seed: 1,
    openPackage: async ({ name }) => join(root, name.replace('@iconify-json/', '')),
    ...options,
  });
const conceptsOf = async (options: Partial<EmojiOptions>): Promise<Set<string>> =>
  new Set((await open(options)).pictures.flatMap(({ labels }) => labels));

describe('openEmoji', () => {
  datasetContract(() => open());

  it('takes the things that enough artists drew, one of each family, no clock faces, no symbols', async () => {
    const concepts = await conceptsOf({});
    expect(concepts.has('cat') !== concepts.has('cat-face')).toBe(true);
    expect([...concepts].filter((name) => !name.startsWith('cat')).sort()).toEqual(
      ['anchor', 'ant', 'banana', 'bear', 'doughnut', 'eggplant', 'fire', 'lemon', 'octopus', 'pizza', 'rocket'].filter(
        (name) => concepts.has(name),
      ),
    );
    const all = await open({ concepts: 12 });
    expect(new Set(all.pictures.flatMap(({ labels }) => labels)).size).toBe(12);
    const error = await open({ concepts: 13 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NeurodexError);
    expect((error as NeurodexError).message).toBe('the emoji hold 12 concepts, fewer than the 13 asked for');
  });

  it('gives catalogue, training, validation and test to the artists meant for them', async () => {
    const { pictures } = await open({ concepts: 12 });
    const of = (concept: string) =>
      pictures.filter(({ labels }) => labels[0] === concept).map(({ path, role }) => [path.split('/')[2], role]);
    expect(of('lemon')).toEqual([
      ['noto.png', 'catalogue'],
      ['twemoji.png', 'catalogue'],
      ['fluent-emoji-flat.png', 'test'],
      ['emojione-v1.png', 'train'],
      ['emojione.png', 'train'],
      ['noto-v1.png', 'train'],
      ['openmoji.png', 'train'],
      ['streamline-emojis.png', 'train'],
      ['fxemoji.png', 'validation'],
    ]);
    // Joined by a synonym, an alias; left out: the mirrored alias, and the second use of one drawing.
    expect(of('eggplant').map(([file]) => file)).toEqual(expect.arrayContaining(['emojione.png', 'fxemoji.png']));
    expect(of('ant').map(([file]) => file)).toContain('emojione-v1.png');
    expect(of('bear').map(([file]) => file)).not.toContain('emojione-v1.png');
    const pizza = of('pizza').map(([file]) => file);
    expect(pizza.includes('noto-v1.png') !== pizza.includes('emojione.png')).toBe(true);
    expect(of('koala')).toEqual([]);
    for (const { path, role, labels } of pictures) expect(path.startsWith(`${role}/${labels[0]}/`)).toBe(true);
  });

  it('tests on the other candidate when asked, and trains with the first', async () => {
    const { pictures } = await open({ testArtist: 'openmoji' });
    const artistsOf = (wanted: string) =>
      new Set(pictures.filter(({ role }) => role === wanted).map(({ path }) => path.split('/')[2]));
    expect(artistsOf('test')).toEqual(new Set(['openmoji.png']));
    expect(artistsOf('train')).toContain('fluent-emoji-flat.png');
    expect(artistsOf('validation')).toEqual(new Set(['fxemoji.png']));
  });

  it('chooses a prefix: fewer concepts are among the more', async () => {
    for (const seed of [1, 2, 3]) {
      const many = await conceptsOf({ seed, concepts: 12 });
      for (const count of [1, 3, 7]) {
        const few = await conceptsOf({ seed, concepts: count });
        expect(few.size).toBe(count);
        expect([...few].every((name) => many.has(name))).toBe(true);
      }
    }
    expect(await conceptsOf({ seed: 1, concepts: 3 })).not.toEqual(await conceptsOf({ seed: 2, concepts: 3 }));
  });

  it('spreads the concepts over the groups', async () => {
    const concepts = await conceptsOf({ concepts: 3 });
    for (const group of ['Animals & Nature', 'Food & Drink', 'Travel & Places']) {
      expect(THINGS[group]?.filter((name) => concepts.has(name))).toHaveLength(1);
    }
  });

  it('renders the right drawing with a transparent background, in the size asked for', async () => {
    const { pictures } = await open({ size: 32, concepts: 12 });
    for (const { path, labels, read } of pictures) {
      const { data, info } = await sharp(await read())
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect([info.width, info.height, info.channels]).toEqual([32, 32, 4]);
      const width = 4 + NAMES.indexOf(labels[0] as string);
      const artist = (path.split('/')[2] as string).replace('.png', '');
      const alpha = (x: number): number => data[(16 * 32 + x) * 4 + 3] as number;
      expect([alpha(width - 1), alpha(width)], path).toEqual([255, 0]);
      // The shared pizza may carry the colour of either artist.
      if (labels[0] !== 'pizza')
        expect(data[16 * 32 * 4], path).toBe(Number.parseInt(colourOf(artist).slice(1, 3), 16));
    }
  });

  it('keeps the notices of every artist', async () => {
    const { notices } = await open();
    expect(notices).toHaveLength(ARTISTS.length);
    expect(notices[0]).toEqual({
      work: 'Work noto',
      author: 'Author of noto',
      licence: 'CC BY 4.0',
      url: 'https://example.org/noto',
    });
  });

  it('reports each package', async () => {
    const events: ProgressEvent[] = [];
    await open({ reporter: { ...silentReporter, progress: (event) => events.push(event) } });
    expect(events.map(({ phase, done, total }) => [phase, done, total])).toEqual(
      ARTISTS.map((_, i) => ['download', i + 1, ARTISTS.length]),
    );
  });

  it('names a package that is damaged, and refuses a number of concepts that makes no sense', async () => {
    const damaged = join(root, 'damaged');
    await mkdir(damaged);
    await writeFile(join(damaged, 'icons.json'), '{');
    const error = await open({ openPackage: async () => damaged }).catch((reason: unknown) => reason);
    expect((error as NeurodexError).code).toBe('package-unavailable');
    expect((error as NeurodexError).message).toContain(damaged);
    for (const concepts of [0, -1, 1.5, Number.NaN]) {
      const refused = await open({ concepts }).catch((reason: unknown) => reason);
      expect((refused as NeurodexError).code).toBe('usage');
    }
  });
});
