import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defined, NeurodexError, silentReporter } from '@neurodex/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyPictures } from '../artifact/catalogue-store.ts';
import { openArtifact } from '../artifact/index-artifact.ts';
import { readIndexManifest } from '../artifact/manifest.ts';
import { verifyIndex } from '../jobs/verify-index.ts';
import { SMALL_WRITE } from '../jobs/written-indexes.fixture.ts';
import { storedQuery } from '../pictures/stored-query.ts';
import { openIndex } from '../systems/open-index.ts';
import { addPictures } from './add-pictures.ts';
import { ChangingIndexes, digestsIn, fresh, picture } from './changing.fixture.ts';
import type { IndexWriter } from './index-writer.ts';

let indexes: ChangingIndexes;
beforeAll(async () => {
  indexes = await ChangingIndexes.create();
}, 120_000);
afterAll(() => indexes.remove());

const add = (writer: IndexWriter, ...numbers: number[]) => addPictures(writer, numbers.map(fresh));

/** Whoever opens the index finds what the writer says, and every file as it is listed. */
async function expectSound(folder: string, writer: IndexWriter): Promise<void> {
  const { catalogue } = await readIndexManifest(folder);
  await verifyPictures(join(folder, 'catalogue'), catalogue);
  const artifact = await openArtifact(folder);
  try {
    expect(artifact.manifest).toEqual(writer.manifest);
    expect(artifact.store.rows).toEqual(writer.pictures.rows);
    const digests = await artifact.store.digests();
    expect(artifact.store.rows.map(({ id }) => writer.pictures.digestOf(id))).toEqual(digests);
    await artifact.network();
  } finally {
    await artifact.close();
  }
}

async function withWriter(work: (writer: IndexWriter, folder: string) => Promise<void>): Promise<string> {
  const folder = indexes.copy();
  const writer = await indexes.open(folder);
  try {
    await work(writer, folder);
  } finally {
    await writer.close();
  }
  return folder;
}

describe('an index that is changed', () => {
  it('has the pictures that were added in every system, under ids and identifiers of their own', async () => {
    const folder = await withWriter(async (writer, at) => {
      const { added, known, failed } = await add(writer, 0, 1, 2, 3, 4);
      expect([known, failed]).toEqual([[], []]);
      expect(added.map(({ path }) => path)).toEqual([0, 1, 2, 3, 4].map((i) => `new/${i}.png`));
      const first = Math.max(...writer.pictures.rows.slice(0, -5).map(({ id }) => id)) + 1;
      expect(added.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4].map((i) => first + i));
      await expectSound(at, writer);
    });
    const index = await openIndex(folder, indexes.runtime);
    try {
      const { store } = index;
      expect(new Set(store.catalogue.map(({ identifier }) => identifier)).size).toBe(store.catalogue.length);
      for (const name of ['dsi', 'pixels', 'bovw'] as const) {
        const system = await index.system(name);
        for (const { row } of store.catalogue.slice(-5)) {
          const [answers = []] = await system.rank([storedQuery(store, row)], store.catalogue.length);
          expect(answers.map((answer) => answer.row)).toContain(row);
          if (name === 'pixels') expect(answers[0]).toMatchObject({ row });
        }
      }
    } finally {
      await index.close();
    }
  });

  it('reports a file that it has, whatever its name, and one whose name is taken', async () => {
    await withWriter(async (writer) => {
      await add(writer, 0);
      const again = { ...fresh(0), path: 'other.png' };
      const taken = { ...fresh(1), path: 'new/0.png' };
      const broken = { path: 'broken.png', labels: [], read: async () => Uint8Array.of(1, 2, 3) };
      const before = writer.manifest.digest;
      const { added, known, failed } = await addPictures(writer, [again, taken, broken, again]);
      expect(added).toEqual([]);
      expect(known).toEqual([
        { path: 'other.png', as: 'new/0.png' },
        { path: 'other.png', as: 'new/0.png' },
      ]);
      expect(failed.map(({ input, code }) => [input, code])).toEqual([
        ['new/0.png', 'picture-changed'],
        ['broken.png', 'picture-not-an-image'],
      ]);
      expect(writer.manifest.digest).toBe(before);
    });
  });

  it('is the same to the last byte when what was added is removed', async () => {
    const before = digestsIn(indexes.written.at('index'));
    const folder = await withWriter(async (writer) => {
      const { added } = await add(writer, ...Array.from({ length: 19 }, (_, i) => i));
      expect(digestsIn(writer.folder)).not.toEqual(before);
      await writer.change({ remove: added.map(({ id }) => id) });
      expect(writer.changes).toMatchObject({ revision: 2, added: 19, removed: 19, learned: 0 });
    });
    expect(digestsIn(folder)).toEqual(before);
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });

  it('has the same pixels and states in the same parts, whatever happened in between', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), count: fc.integer({ min: 1, max: 7 }) }),
      fc.record({ kind: fc.constant('remove' as const), at: fc.array(fc.nat(60), { minLength: 1, maxLength: 4 }) }),
      fc.constant({ kind: 'open' as const }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const folder = indexes.copy();
        let writer = await indexes.open(folder);
        let next = 0;
        for (const each of steps) {
          if (each.kind === 'add') {
            await add(writer, ...Array.from({ length: each.count }, () => next++));
          } else if (each.kind === 'remove') {
            const ids = new Set(each.at.map((at) => writer.pictures.rows[at % writer.pictures.rows.length]?.id ?? NaN));
            await writer.change({ remove: [...ids] });
          } else {
            await writer.close();
            writer = await indexes.open(folder);
          }
          await expectSound(folder, writer);
        }
        const left = new Set(writer.pictures.rows.map(({ id }) => id));
        await writer.close();
        // The same in two changes: all that were added, then all that were removed.
        const direct = await withWriter(async (other) => {
          if (next > 0) await add(other, ...Array.from({ length: next }, (_, i) => i));
          const gone = other.pictures.rows.map(({ id }) => id).filter((id) => !left.has(id));
          if (gone.length > 0) await other.change({ remove: gone });
        });
        const same = digestsIn(direct);
        const found = digestsIn(folder);
        // A cluster that was empty for a while is gone: then pictures are placed in others.
        const placed = ({ 'catalogue/catalogue.json': _, ...files }: Record<string, string>) =>
          Object.keys(files).filter((name) => name.endsWith('.u8') || name.endsWith('.f32'));
        expect(placed(found)).toEqual(placed(same));
      }),
      { numRuns: 8 },
    );
  }, 120_000);

  it('says nothing of a picture that was removed', async () => {
    const folder = await withWriter(async (writer) => {
      const { id, path } = writer.pictures.rows.find(({ role }) => role === 'catalogue') ?? { id: NaN, path: '' };
      expect(readFileSync(join(writer.folder, 'origin.json'), 'utf8')).toContain(`"${path}"`);
      await writer.change({ remove: [id] });
      expect(writer.changes).toMatchObject({ removed: 1, learned: 1 });
      expect(writer.pictures.named(path)).toBeUndefined();
      for (const name of ['origin.json', 'run.jsonl', 'catalogue/catalogue.json', 'index.json']) {
        expect(readFileSync(join(writer.folder, name), 'utf8')).not.toContain(`"${path}"`);
      }
      await expectSound(writer.folder, writer);
    });
    expect(readdirSync(join(folder, 'catalogue')).filter((name) => name.endsWith('.parquet'))).toHaveLength(1);
  });

  it('is opened in one version or the next while it changes', async () => {
    await withWriter(async (writer, folder) => {
      let changing = true;
      const counts: number[] = [];
      const reading = (async () => {
        while (changing) {
          const artifact = await openArtifact(folder);
          counts.push(artifact.store.rows.length);
          await artifact.close();
        }
      })();
      const before = writer.pictures.rows.length;
      for (let i = 0; i < 20; i++) await add(writer, i);
      changing = false;
      await reading;
      expect(counts).toEqual([...counts].sort((a, b) => a - b));
      expect(counts[0]).toBeGreaterThanOrEqual(before);
      expect(counts.at(-1)).toBeLessThanOrEqual(before + 20);
    });
  });

  it('is read as a whole where its change was cut off before the new files got their names, and while it changes', async () => {
    const reporter = silentReporter;
    await withWriter(async (writer, folder) => {
      const changed = ['catalogue/catalogue.json', 'run.jsonl'].map((name) => join(folder, name));
      const old = changed.map((file) => readFileSync(file));
      await add(writer, 0, 1);
      for (const [i, file] of changed.entries()) {
        renameSync(file, `${file}.next`);
        writeFileSync(file, defined(old[i], file));
      }
      const { rows } = await verifyIndex({ index: folder, without: [], reporter });
      expect(rows).toBe(writer.pictures.rows.length);
      for (const file of changed) renameSync(`${file}.next`, file);
      let changing = true;
      const found = new Set<string>();
      const reading = (async () => {
        while (changing) {
          const code = await verifyIndex({ index: folder, without: [], reporter }).then(
            () => 'sound',
            (error: unknown) => (error instanceof NeurodexError ? error.code : error),
          );
          found.add(String(code));
        }
      })();
      for (let i = 2; i < 20; i++) await add(writer, i);
      changing = false;
      await reading;
      // One that changes five times while it is read is refused as such.
      found.delete('index-replaced');
      const { rows: last } = await verifyIndex({ index: folder, without: [], reporter });
      expect([[...found.add('sound')], last]).toEqual([['sound'], writer.pictures.rows.length]);
    });
  });

  it('keeps the id of a picture that gets another name', async () => {
    await withWriter(async (writer) => {
      const { id, path } = writer.pictures.rows[3] ?? { id: NaN, path: '' };
      await writer.change({ rename: [{ id, path: 'elsewhere/a.png', labels: ['z'] }] });
      expect(writer.pictures.named('elsewhere/a.png')).toMatchObject({ id, labels: ['z'] });
      expect(writer.pictures.named(path)).toBeUndefined();
      await expectSound(writer.folder, writer);
    });
  });

  it('is refused where nothing can be changed, or nothing would be left', async () => {
    await withWriter(async (writer) => {
      await expect(writer.change({ remove: [999] })).rejects.toMatchObject({ code: 'picture-unknown' });
      const all = writer.pictures.rows.filter(({ role }) => role === 'catalogue').map(({ id }) => id);
      await expect(writer.change({ remove: all })).rejects.toMatchObject({ code: 'index-fixed' });
      await expectSound(writer.folder, writer);
      await expect(indexes.open(writer.folder)).rejects.toMatchObject({ code: 'run-locked' });
    });
  });
});

describe('behind an encoder', () => {
  it('a picture that comes has embeddings, a state and a vector as those of the build have', async () => {
    const file = fileURLToPath(new URL('../models/encoder/fixtures/encoder.onnx', import.meta.url));
    const encoder = { ...SMALL_WRITE.encoder, file, preset: 'siglip' as const, size: 16, views: 2 };
    const dataset = await indexes.written.draw('few', Object.fromEntries(await few()));
    await indexes.written.make(dataset, 'behind', { encoder }, ['dsi', 'encoder']);
    const folder = indexes.written.at('behind');
    const before = await openArtifact(folder);
    const { store } = before;
    const known = store.catalogue[1] ?? expect.fail('no picture');
    const writer = await indexes.open(folder);
    try {
      // A picture of the catalogue, its bytes changed where nobody sees it, comes once more under its own name.
      const source = {
        path: known.path,
        labels: known.labels,
        read: async () => padded(indexes.written.at('few', known.path)),
      };
      const { added, failed } = await addPictures(writer, [source], { with: { remove: [known.id] } });
      expect([added.length, failed]).toEqual([1, []]);
      await expectSound(folder, writer);
    } finally {
      await writer.close();
    }
    const after = await openArtifact(folder);
    try {
      const row = after.store.rows.length - 1;
      const read = (from: typeof after.store, at: number): number[] => {
        const { embeddings } = from;
        if (embeddings === undefined) return expect.fail('no embeddings');
        const bytes = new Float32Array(3 * embeddings.tokens * embeddings.channels);
        const places = [0, 1, 2].map((view) => embeddings.place(at, view));
        embeddings.readInto(new Uint8Array(bytes.buffer), 0, places);
        return [...bytes];
      };
      expect(read(after.store, row)).toEqual(read(store, known.row));
      const vectors = async (from: typeof store) => (await from.vectors('encoder'))?.values ?? new Float32Array();
      const [now, then] = [await vectors(after.store), await vectors(store)];
      const length = then.length / store.catalogue.length;
      expect([...now.slice(-length)]).toEqual([...then.slice(length, 2 * length)]);
      const [state, was] = [after.store.states() ?? new Float32Array(), store.states() ?? new Float32Array()];
      const width = was.length / store.rows.length;
      for (let d = 0; d < width; d++) {
        expect(state[row * width + d]).toBeCloseTo(was[known.row * width + d] ?? NaN, 5);
      }
    } finally {
      await before.close();
      await after.close();
    }
  }, 60_000);
});

const few = async () =>
  await Promise.all(Array.from({ length: 12 }, async (_, i) => [`${i % 2}/${i}.png`, await picture(i)] as const));

/** The bytes of a file and one more, which decoders pass over. */
const padded = async (path: string): Promise<Uint8Array> =>
  new Uint8Array(Buffer.concat([await readFile(path), Buffer.of(0)]));
