import { defined, NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { libvips } from '../../image/libvips.ts';
import type { Dataset, SourcePicture } from '../dataset.ts';
import { ARTISTS, roleOf, type TestArtist } from './artists.ts';
import { type Contribution, chooseConcepts } from './concepts.ts';
import { type Drawing, ICONIFY_FILES, IconSet } from './iconify.ts';
import { fetchPackage, isCached, type PinnedPackage } from './npm-package.ts';

/** Which emoji, and from where. */
export interface EmojiOptions {
  /** How many concepts; each is in the catalogue as often as there are catalogue artists (two). */
  readonly concepts: number;
  /** Edge of a rendered picture in pixels; 96 by default. */
  readonly size?: number;
  /** Decides which concepts are chosen, and nothing else. */
  readonly seed: number;
  /** The artist that the model never sees; the other candidate is trained with. */
  readonly testArtist?: TestArtist;
  /** Told how far it is. */
  readonly reporter?: Reporter;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Gives the folder of a package; from npm, through the cache by default. */
  readonly openPackage?: (pinned: PinnedPackage) => Promise<string>;
}

/** npm packages fetched at a time. */
const DOWNLOADS = 3;

/** A drawing as a PNG with a transparent background. Only this module renders SVG, and only of verified packages. */
async function render({ body, viewBox }: Drawing, size: number): Promise<Uint8Array> {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ' +
    `width="${size}" height="${size}" viewBox="${viewBox}" color="#000">${body}</svg>`;
  const { buffer, byteOffset, length } = await libvips()(Buffer.from(svg)).png().toBuffer();
  return new Uint8Array(buffer, byteOffset, length);
}

async function openSets(options: EmojiOptions, reporter: Reporter): Promise<IconSet[]> {
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const openPackage = options.openPackage ?? ((pinned) => fetchPackage(pinned, signal));
  if (options.openPackage === undefined) {
    const cached = await Promise.all(ARTISTS.map((artist) => isCached(artist.package)));
    const missing = ARTISTS.filter((_, i) => !cached[i]);
    const megabytes = missing.reduce((sum, artist) => sum + artist.bytes, 0) / 1e6;
    if (missing.length > 0) {
      reporter.info(`fetching ${missing.length} emoji packages with npm (${megabytes.toFixed(1)} MB, once)`);
    }
  }
  const sets = new Array<IconSet>(ARTISTS.length);
  let done = 0;
  const queue = [...ARTISTS.entries()];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [i, artist] = next;
      const folder = await openPackage(artist.package);
      try {
        sets[i] = await IconSet.open(folder);
      } catch (error) {
        throw new NeurodexError('package-unavailable', `${folder} does not hold an icon set in Iconify's format`, {
          hint: `delete the folder, so that ${artist.package.name} is fetched again`,
          details: { folder, files: ICONIFY_FILES },
          cause: error,
        });
      }
      done++;
      reporter.progress({ phase: 'download', done, total: ARTISTS.length, unit: 'packages' });
    }
  };
  await Promise.all(Array.from({ length: DOWNLOADS }, work));
  return sets;
}

/**
 * The demonstration data set: find the same thing drawn by another hand. Emoji of openly licensed artists; two artists
 * are the catalogue, the training queries come from others, and the test queries from one the model never sees.
 * Pictures are PNG with a transparent background; their paths are `<role>/<concept>/<artist>.png`.
 * @throws NeurodexError usage (more concepts than there are), package-unavailable
 * @example
 * ```ts
 * import { join } from 'node:path';
 * import { openEmoji } from '@neurodex/datasets';
 *
 * const { pictures } = await openEmoji({
 *   concepts: 3,
 *   seed: 1,
 *   openPackage: async ({ name }) => join('emoji', name.replace('@iconify-json/', '')), // by npm where it is left out
 * });
 * for (const { path, role } of pictures) if (role === 'test') console.log(path);
 * // → test/octopus/fluent-emoji-flat.png
 * // → test/pizza/fluent-emoji-flat.png
 * // → test/rocket/fluent-emoji-flat.png
 * ```
 */
export async function openEmoji(options: EmojiOptions): Promise<Dataset> {
  const { concepts: count, size = 96, seed, testArtist = 'fluent-emoji-flat', reporter = silentReporter } = options;
  if (!Number.isInteger(count) || count < 1) {
    throw new NeurodexError('usage', `the number of emoji concepts must be an integer from 1, not ${count}`, {
      hint: 'take 64 for a first look',
    });
  }
  const sets = await openSets(options, reporter);
  const contributions: Contribution[] = ARTISTS.map((artist, i) => ({
    artist,
    role: roleOf(artist, testArtist),
    icons: defined(sets[i], artist.name),
  }));
  const concepts = chooseConcepts(contributions, defined(sets[0], 'the first icon set'), count, seed);
  if (concepts.length < count) {
    throw new NeurodexError('usage', `the emoji hold ${concepts.length} concepts, fewer than the ${count} asked for`, {
      hint: `ask for at most ${concepts.length} concepts`,
      details: { available: concepts.length, asked: count },
    });
  }
  const pictures: SourcePicture[] = concepts.flatMap(({ name, drawings }) =>
    drawings.map(({ artist, role, drawing }) => ({
      path: `${role}/${name}/${artist}.png`,
      labels: [name],
      role,
      read: () => render(drawing, size),
    })),
  );
  pictures.sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    name: 'emoji',
    source: 'emoji',
    pictures,
    notices: sets.map((set) => set.notice),
    skipped: [],
    inputs: async () => ARTISTS.map(({ package: { name, integrity } }) => ({ name, version: integrity })),
  };
}
