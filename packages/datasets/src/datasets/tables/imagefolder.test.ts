import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { datasetContract } from '../dataset.contract.ts';
import { recogniseDataset } from '../registry.ts';
import { described, notesOf, refusal, skippedIn, testFolders } from '../source.fixture.ts';
import { classNamesOf } from './class-names.ts';
import { openImageFolder } from './imagefolder.ts';

const folder = testFolders();
const lines = (...rows: unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

describe('imagefolder', () => {
  describe('of splits', () =>
    datasetContract(
      async () =>
        await openImageFolder(
          await folder({
            'train/a.png': null,
            'train/b.png': null,
            'train/metadata.jsonl': lines(
              { file_name: 'a.png', label: 'cat', text: 'A cat.' },
              { file_name: 'b.png', label: 'dog' },
            ),
            'test/c.png': null,
            'test/d.png': null,
            'test/metadata.csv': 'file_name,label\nc.png,cat\nx.png,dog\n',
          }),
        ),
      { entries: 5 },
    ));

  it('reads captions, labels and files of folders, and says what it does not read', async () => {
    const root = await folder({
      'a.png': null,
      'cats/b.png': null,
      'c.png': null,
      'metadata.jsonl': lines(
        { file_name: 'a.png', text: ' A cat. ', label: 0, objects: { bbox: [[1, 2, 3, 4]] }, licence: 'x' },
        { file_name: './cats/b.png', text: 'A dog.', label: 1, objects: null },
        { file_name: 'gone.png', text: 'Nothing.', label: 1 },
        { file_name: 'a.png', text: 'A cat.', label: 0 },
        { file_name: '../out.png', text: 'x', label: 1 },
        { text: 'no file' },
      ),
    });
    expect(await recogniseDataset(root)).toBe('imagefolder');
    const dataset = await openImageFolder(root);
    expect(described(dataset)).toEqual({ 'a.png': ['0', '"A cat."'], 'cats/b.png': ['1', '"A dog."'] });
    expect(skippedIn(dataset)).toEqual([
      'metadata.jsonl: line 3: there is no file gone.png',
      'metadata.jsonl: line 4: a.png has a row already that says the same',
      'metadata.jsonl: line 5: ../out.png is not below the source',
      'metadata.jsonl: line 6: it has nothing in the column "file_name", which names the picture',
      'c.png: no row of metadata.jsonl names it',
    ]);
    expect(notesOf(dataset)).toContain('the columns objects (in 1 rows) and licence are not read');
    expect(notesOf(dataset)).toContain('folders are no classes where metadata describe the pictures');
  });

  it('names classes by the card of the data set', async () => {
    const card =
      "---\ndataset_info:\n  features:\n  - name: image\n    dtype: image\n  - name: label\n    dtype:\n      class_label:\n        names:\n          '0': cat\n          '1': \"big dog\"\n  splits:\n  - name: train\n---\n# Pets\n";
    const root = await folder({
      'README.md': card,
      'a.png': null,
      'b.png': null,
      'metadata.csv': '\ufefffile_name,label\r\na.png,0\r\nb.png,1\r\n',
    });
    expect(described(await openImageFolder(root))).toEqual({ 'a.png': ['cat'], 'b.png': ['big dog'] });
    expect(classNamesOf(card)).toEqual(new Map([['label', ['cat', 'big dog']]]));
    expect(classNamesOf('no card')).toEqual(new Map());
    expect(classNamesOf('---\nx: [\n---')).toEqual(new Map());
  });

  it('reads Parquet, and columns that end in file_name', async () => {
    const root = await folder({ 'a.png': null, 'sub/b.png': null });
    const columnData = [
      { name: 'image_file_name', data: ['a.png', 'sub/b.png'] },
      { name: 'caption', data: ['One.', 'Two.'] },
    ];
    await writeFile(join(root, 'metadata.parquet'), new Uint8Array(parquetWriteBuffer({ columnData })));
    expect(await recogniseDataset(root)).toBe('imagefolder');
    expect(described(await openImageFolder(root))).toEqual({ 'a.png': ['"One."'], 'sub/b.png': ['"Two."'] });
  });

  it('takes classes of folders too where a level is given', async () => {
    const root = await folder({
      'cat/a.png': null,
      'dog/b.png': null,
      'metadata.jsonl': lines({ file_name: 'cat/a.png', text: 'x' }, { file_name: 'dog/b.png', text: 'y' }),
    });
    expect(described(await openImageFolder(root))).toEqual({ 'cat/a.png': ['"x"'], 'dog/b.png': ['"y"'] });
    expect(described(await openImageFolder(root, { classLevel: 1 }))).toEqual({
      'cat/a.png': ['cat', '"x"'],
      'dog/b.png': ['dog', '"y"'],
    });
  });

  it('puts rows about one picture together, the nearest file of metadata first', async () => {
    const root = await folder({
      'train/a.png': null,
      'metadata.csv': 'file_name,text\ntrain/a.png,Far.\n',
      'train/metadata.jsonl': lines({ file_name: 'a.png', text: 'Near.' }),
    });
    const dataset = await openImageFolder(root);
    expect(described(dataset)).toEqual({ 'train/a.png': ['"Near."', '"Far."'] });
    expect(notesOf(dataset)).toContain('put together (1 rows)');
    expect(notesOf(dataset)).not.toContain('folders are no classes');
  });

  it('takes catalogue, train and test for roles', async () => {
    const files: Record<string, unknown> = {};
    for (const split of ['catalogue', 'train', 'test']) {
      files[`${split}/a.png`] = null;
      files[`${split}/metadata.jsonl`] = lines({ file_name: 'a.png', label: 'x' });
    }
    const { pictures } = await openImageFolder(await folder(files));
    expect(pictures.map(({ role }) => role)).toEqual(['catalogue', 'test', 'train']);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      'two files of metadata',
      { 'metadata.csv': 'file_name,text\na.png,x\n', 'metadata.jsonl': lines({ file_name: 'a.png' }) },
      /has two files of metadata for one folder: metadata\.csv and metadata\.jsonl$/,
    ],
    [
      'two columns of files',
      { 'metadata.csv': 'image_file_name,mask_file_name,text\na.png,b.png,x\n' },
      /several columns that name pictures \(image_file_name and mask_file_name\); --picture-column/,
    ],
    [
      'a column twice',
      { 'metadata.csv': 'file_name,text,text\na.png,b.png,x\n' },
      /metadata\.csv has two columns called "text"$/,
    ],
    [
      'several columns of labels',
      { 'metadata.csv': 'file_name,class,species\na.png,x,y\n' },
      /has several columns that may be the label \(class and species\); --label-column/,
    ],
    ['files that are not there', { 'metadata.csv': 'file_name,text\nx.png,x\n' }, /line 2: there is no file x\.png$/],
    [
      'addresses',
      { 'metadata.csv': 'file_name,text\nhttps://x.org/a.png,x\n' },
      /line 2: https:\/\/x\.org\/a\.png is an address, not a path$/,
    ],
    ['another encoding', { 'metadata.csv': Buffer.from('\ufefffile_name,text\n', 'utf16le') }, /is not text in UTF-8/],
    ['no Parquet', { 'metadata.parquet': 'PAR1 not' }, /metadata\.parquet is not a Parquet file/],
  ])('refuses %s', async (_, files, message) => {
    const root = await folder({ 'a.png': null, ...files });
    expect((await refusal(openImageFolder(root))).message).toMatch(message);
  });

  it('leaves a folder without metadata, or with metadata of another kind, to others', async () => {
    expect(await recogniseDataset(await folder({ 'cat/a.png': null, 'dog/b.png': null }))).toBe('folder');
    const other = { 'cat/a.png': null, 'metadata.csv': 'camera,lens\nx,y\n' };
    expect(await recogniseDataset(await folder(other))).toBe('folder');
  });
});
