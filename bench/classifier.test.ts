import { expect, test } from 'vitest';
import type { Config } from '../packages/neurodex/src/config.ts';
import {
  type PictureStore,
  partsOf,
  pixelsOf,
  type StoredPicture,
} from '../packages/neurodex/src/pictures/picture-store.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { Classifiers } from './classifier.ts';

const SIZE = 8;
const COLOURS = { red: [220, 30, 30], green: [30, 220, 30], blue: [30, 30, 220] };
const ROLES = ['catalogue', 'catalogue', 'catalogue', 'train', 'train', 'test'] as const;
const config: Config = {
  ...PRESETS.quick,
  pictures: { ...PRESETS.quick.pictures, size: SIZE },
  model: { ...PRESETS.quick.model, patchSize: 4, width: 16, feedForwardWidth: 16, layers: 1 },
  training: { ...PRESETS.quick.training, batchSize: 8, learningRate: 3e-3 },
};

/** Pictures of one colour each, whose classes are the colours; no two are of quite the same. */
function colouredStore(): PictureStore {
  const colours = ROLES.flatMap((role, i) => Object.entries(COLOURS).map(([name, rgb]) => ({ role, i, name, rgb })));
  const rows = colours.map(({ role, name }, row): StoredPicture => {
    const identifier = role === 'catalogue' ? { identifier: String(row) } : {};
    return { row, id: row, path: `${row}.png`, labels: [name], role, ...identifier };
  });
  const pixels = new Uint8Array(new SharedArrayBuffer(rows.length * SIZE * SIZE * 3));
  for (const [row, { rgb, i }] of colours.entries()) {
    const picture = pixels.subarray(row * SIZE * SIZE * 3, (row + 1) * SIZE * SIZE * 3);
    for (let at = 0; at < picture.length; at += 3)
      picture.set(
        rgb.map((value) => value + 3 * i),
        at,
      );
  }
  const thumbnail = () => Promise.reject(new Error('there are no thumbnails'));
  return { size: SIZE, ...partsOf(rows), hasClasses: true, notices: [], skipped: [], pixels, thumbnail };
}

test('the classifier puts the pictures of the class of a query before all others', async () => {
  const store = colouredStore();
  const classifiers = new Classifiers();
  const cell = { pictures: 'fashion-mnist', size: 18, identifiers: 'random', seed: 1 } as const;
  const classifier = await classifiers.of(cell, store, config, { steps: 150, seed: 1 });
  const asked = store.queries('test');
  const ranked = await classifier.rank(
    asked.map(({ row }) => ({ kind: 'picture', pixels: pixelsOf(store, row), thumbnail: () => store.thumbnail(row) })),
    3,
  );
  await classifiers.close();
  expect(ranked.map((answers) => answers.map(({ row }) => store.rows[row]?.labels[0]))).toEqual(
    asked.map(({ labels }) => ROLES.slice(0, 3).map(() => labels[0])),
  );
});
