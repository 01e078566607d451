import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { silentReporter } from '@neurodex/core';
import type { SourcePicture } from '@neurodex/datasets';
import sharp from 'sharp';
import { createIndex } from '../jobs/create-index.ts';
import { disc, SMALL_WRITE, WrittenIndexes } from '../jobs/written-indexes.fixture.ts';
import type { SystemName } from '../query/system.ts';
import { IndexWriter } from './index-writer.ts';

const COLOURS = ['#c00', '#0a0', '#00c', '#cc0'];
/** Pictures of the folder that the index is built from. */
const BUILT = 40;

/** A small index with a written memory, and copies of it to change. */
export class ChangingIndexes {
  readonly written: WrittenIndexes;
  readonly runtime = nodeRuntime({ device: 'cpu' });
  private copies = 0;

  private constructor(written: WrittenIndexes) {
    this.written = written;
  }

  static async create(systems: readonly SystemName[] = ['dsi', 'bovw', 'pixels']): Promise<ChangingIndexes> {
    const written = await WrittenIndexes.create();
    const pictures: Record<string, Buffer> = {};
    for (let i = 0; i < BUILT; i++) pictures[`${i % 4}/${i}.png`] = await picture(i);
    pictures['0/broken.png'] = Buffer.from('no picture');
    const dataset = await written.draw('source', pictures);
    const config = { ...SMALL_WRITE, bovw: { ...SMALL_WRITE.bovw, words: 4 } };
    await createIndex({
      ...{ dataset, out: written.at('index'), config, systems, seed: 1, force: false },
      ...{ device: 'cpu', reporter: silentReporter },
    });
    return new ChangingIndexes(written);
  }

  /** A copy of the index as it was built. */
  copy(): string {
    const folder = this.written.at(`copy-${this.copies++}`);
    cpSync(this.written.at('index'), folder, { recursive: true });
    return folder;
  }

  open(folder: string): Promise<IndexWriter> {
    return IndexWriter.open(folder, this.runtime);
  }

  remove(): Promise<void> {
    return this.written.remove();
  }
}

/** A picture like no other, with something to see for SIFT. */
export const picture = (i: number): Promise<Buffer> =>
  disc(COLOURS[i % COLOURS.length] ?? '', 7 * i + Math.floor(i / 9));

/** Pictures that are not in the index. */
export const fresh = (i: number): SourcePicture => ({
  path: `new/${i}.png`,
  labels: [`${i % 4}`],
  read: async () =>
    new Uint8Array(
      await sharp(await picture(1000 + i))
        .modulate({ brightness: 1 - (i % 50) / 100 })
        .png({ compressionLevel: 1 + (i % 9) })
        .toBuffer(),
    ),
});

/** The digest of every file of a folder, by name, but for its manifest and the list that has the manifest's size. */
export function digestsIn(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = entries.map((entry) => relative(folder, join(entry.parentPath, entry.name))).sort();
  return Object.fromEntries(
    names
      .filter((name) => !['index.json', 'files.json'].includes(name))
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex'),
      ]),
  );
}

export const discard = (folder: string): void => rmSync(folder, { recursive: true, force: true });
