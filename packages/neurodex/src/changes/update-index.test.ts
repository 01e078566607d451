import type { SourcePicture } from '@neurodex/datasets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addPictures } from './add-pictures.ts';
import { ChangingIndexes, fresh } from './changing.fixture.ts';
import type { IndexWriter } from './index-writer.ts';
import { applyDifferences, differencesOf } from './update-index.ts';

let indexes: ChangingIndexes;
beforeAll(async () => {
  indexes = await ChangingIndexes.create(['dsi', 'pixels']);
}, 120_000);
afterAll(() => indexes.remove());

/** Works on an index of the pictures 0 to 5 of those that are new, and what it was built from. */
async function withWriter(work: (writer: IndexWriter, built: readonly SourcePicture[]) => Promise<void>) {
  const writer = await indexes.open(indexes.copy());
  try {
    const { openFolder } = await import('@neurodex/datasets');
    const { pictures } = await openFolder(indexes.written.at('source'));
    await addPictures(writer, [0, 1, 2, 3, 4, 5].map(fresh));
    await work(writer, pictures);
  } finally {
    await writer.close();
  }
}

const six = [0, 1, 2, 3, 4, 5].map(fresh);

describe('an index and its source', () => {
  it('do not differ where nothing has changed, but for a file that cannot be read', async () => {
    await withWriter(async (writer, built) => {
      const found = await differencesOf(writer, [...built, ...six]);
      expect(found).toMatchObject({ unchanged: 46, changed: [], moved: [], removed: [], known: [], failed: [] });
      // What it is is known when it is decoded.
      expect(found.added.map(({ path }) => path)).toEqual(['0/broken.png']);
    });
  });

  it('differ by contents: new, changed, moved, relabelled, known and removed pictures', async () => {
    await withWriter(async (writer, built) => {
      const id = (path: string) => writer.pictures.named(path)?.id;
      const [kept, moved, relabelled, changed] = [fresh(0), fresh(1), fresh(2), fresh(3)];
      const source = [
        ...built.filter(({ path }) => !['0/broken.png', '1/5.png'].includes(path)),
        kept,
        { ...moved, path: 'elsewhere/1.png' },
        { ...relabelled, labels: ['other'] },
        { ...fresh(30), path: changed.path },
        { ...kept, path: 'copy.png' },
        fresh(31),
      ];
      const found = await differencesOf(writer, source);
      expect(found.added.map(({ path }) => path)).toEqual(['new/31.png']);
      expect(found.changed.map((each) => each.id)).toEqual([id('new/3.png')]);
      expect(found.moved.map(({ from, source: { path } }) => [from, path])).toEqual([
        ['new/1.png', 'elsewhere/1.png'],
        ['new/2.png', 'new/2.png'],
      ]);
      expect(found.known).toEqual([{ path: 'copy.png', as: 'new/0.png' }]);
      expect(found.removed.map(({ path }) => path).sort()).toEqual(['1/5.png', 'new/4.png', 'new/5.png']);
      const [movedId, changedId] = [id('new/1.png'), id('new/3.png')];
      const revision = writer.changes.revision;
      const { added, failed } = await applyDifferences(writer, found);
      expect(failed).toEqual([]);
      expect(added.map(({ path }) => path)).toEqual(['new/3.png', 'new/31.png']);
      expect(writer.changes.revision).toBe(revision + 1);
      expect(writer.pictures.named('elsewhere/1.png')).toMatchObject({ id: movedId });
      expect(writer.pictures.named('new/2.png')).toMatchObject({ labels: ['other'] });
      expect(writer.pictures.named('new/3.png')?.id).not.toBe(changedId);
      expect(writer.pictures.rows.map(({ path }) => path).sort()).toEqual(
        source
          .map(({ path }) => path)
          .filter((path) => path !== 'copy.png')
          .sort(),
      );
      const again = await differencesOf(writer, source);
      expect(again).toMatchObject({ added: [], changed: [], moved: [], removed: [] });
    });
  });

  it('are the same in the end where a file has the contents of another one that is gone', async () => {
    await withWriter(async (writer, built) => {
      const source = [...built.filter(({ path }) => path !== '0/broken.png'), { ...fresh(1), path: 'new/0.png' }];
      const found = await differencesOf(writer, source);
      expect(found.changed.map(({ source: { path } }) => path)).toEqual(['new/0.png']);
      expect(found.moved).toEqual([]);
      expect(found.removed.map(({ path }) => path)).toEqual([1, 2, 3, 4, 5].map((i) => `new/${i}.png`));
      const { added, known, failed } = await applyDifferences(writer, found);
      expect([added.map(({ path }) => path), known, failed]).toEqual([['new/0.png'], [], []]);
      expect(writer.pictures.rows.map(({ path }) => path).sort()).toEqual(source.map(({ path }) => path).sort());
    });
  });

  it('keep what a file was that cannot be read now', async () => {
    await withWriter(async (writer, built) => {
      const { NeurodexError } = await import('@neurodex/core');
      const unreadable = {
        ...fresh(0),
        read: () => Promise.reject(new NeurodexError('picture-missing', 'new/0.png cannot be read')),
      };
      const found = await differencesOf(writer, [...built, unreadable, ...six.slice(1)]);
      expect(found.failed.map(({ input }) => input)).toEqual(['new/0.png']);
      expect(found.removed).toEqual([]);
    });
  });
});
