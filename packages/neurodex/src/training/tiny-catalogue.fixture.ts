import { Random } from '@neurodex/autograd';
import { PrefixTable } from '../dsi/model/prefix-table.ts';
import { numeric } from '../identifiers/numeric.ts';
import { Trie } from '../identifiers/trie.ts';
import { noThumbnail } from '../pictures/no-thumbnail.fixture.ts';
import { type PictureStore, partsOf, type StoredPicture } from '../pictures/picture-store.ts';

/** Noisy squares of one colour per class: 2 catalogue pictures and 4 queries (2 train, 1 validation, 1 test) each. */
export function tinyCatalogue(classes: number, size = 16) {
  const random = Random.seeded(11);
  const roles = ['catalogue', 'catalogue', 'train', 'train', 'validation', 'test'] as const;
  const pictures: StoredPicture[] = [];
  const pixels = new Uint8Array(classes * roles.length * size * size * 3);
  let number = 0;
  for (let c = 0; c < classes; c++) {
    const colour = [random.integer(256), random.integer(256), random.integer(256)];
    for (const [i, role] of roles.entries()) {
      const row = pictures.length;
      const identifier = role === 'catalogue' ? { identifier: String(number++) } : {};
      pictures.push({ row, id: row, path: `class${c}/${i}.png`, labels: [`class${c}`], role, ...identifier });
      const start = row * size * size * 3;
      for (let at = 0; at < size * size * 3; at++) {
        pixels[start + at] = Math.max(0, Math.min(255, (colour[at % 3] as number) + random.integer(60) - 30));
      }
    }
  }
  const store: PictureStore = {
    size,
    ...partsOf(pictures),
    hasClasses: true,
    notices: [],
    skipped: [],
    pixels,
    ...noThumbnail,
  };
  const named = pictures.filter(({ identifier }) => identifier !== undefined);
  const trie = new Trie(
    numeric,
    named.map(({ identifier }) => identifier ?? ''),
    named.map(({ row }) => row),
  );
  return { store, trie, table: PrefixTable.create(trie, 'token') };
}
