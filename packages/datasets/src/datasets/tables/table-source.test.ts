import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { datasetContract } from '../dataset.contract.ts';
import { openFolder } from '../folder/folder.ts';
import { recogniseDataset } from '../registry.ts';
import { described, notesOf, refusal, skippedIn, testFolders } from '../source.fixture.ts';
import { openTableSource } from './table-source.ts';

const folder = testFolders();

describe('tables of pictures', () => {
  describe('in a folder', () =>
    datasetContract(
      async () =>
        await openTableSource(
          await folder({
            'images/1.png': null,
            'images/2.png': null,
            'images/3.png': null,
            'labels.csv': 'id,label\n1,cat\n2,dog\n9,dog\n',
          }),
        ),
      { entries: 4 },
    ));

  it.each<[string, Record<string, unknown>, Record<string, string[]>]>([
    [
      'Kaggle: train.csv with ids, beside test pictures of the same names',
      {
        'train/1.jpg': null,
        'train/2.jpg': null,
        'test/1.jpg': null,
        'train.csv': 'id,label\n1,cat\n2,dog\n',
        'sample_submission.csv': 'id,label\n1,cat\n',
        'test.csv': 'id\n1\n',
      },
      { 'train/1.jpg': ['cat'], 'train/2.jpg': ['dog'] },
    ],
    [
      'train.csv and test.csv, each of its folder',
      {
        'train/1.jpg': null,
        'test/1.jpg': null,
        'train.csv': 'image_id,breed\n1,cat\n',
        'test.csv': 'image_id,breed\n1,dog\n',
      },
      { 'test/1.jpg': ['dog'], 'train/1.jpg': ['cat'] },
    ],
    [
      'Roboflow: _classes.csv, with a column for each class',
      {
        'train/a.jpg': null,
        'train/b.jpg': null,
        'train/_classes.csv': 'filename, cat, dog\na.jpg, 1, 1\nb.jpg, 0, 1\n',
        'valid/a.jpg': null,
        'valid/_classes.csv': 'filename, cat, dog\na.jpg, 1, 0\n',
        'README.roboflow.txt': 'Exported',
      },
      { 'train/a.jpg': ['cat', 'dog'], 'train/b.jpg': ['dog'], 'valid/a.jpg': ['cat'] },
    ],
    [
      'Roboflow: _annotations.csv, with a row for each box',
      {
        'train/a.jpg': null,
        'train/_annotations.csv':
          'filename,width,height,class,xmin,ymin,xmax,ymax\na.jpg,8,6,cat,1,1,2,2\na.jpg,8,6,dog,1,1,2,2\na.jpg,8,6,dog,3,3,4,4\n',
      },
      { 'train/a.jpg': ['cat', 'dog'] },
    ],
    [
      'Flickr8k: captions.txt with several captions of a picture',
      { 'Images/a.jpg': null, 'captions.txt': 'image,caption\na.jpg,A cat .\na.jpg,"A cat, asleep ."\n' },
      { 'Images/a.jpg': ['"A cat ."', '"A cat, asleep ."'] },
    ],
    [
      'Flickr30k: results.csv with bars',
      {
        'flickr30k_images/a.jpg': null,
        'results.csv': 'image_name| comment_number| comment\na.jpg| 0| A cat.\na.jpg| 1| Two cats.\n',
      },
      { 'flickr30k_images/a.jpg': ['"A cat."', '"Two cats."'] },
    ],
    [
      'numbers and names of classes',
      { 'a.jpg': null, 'labels.tsv': 'filepath\tclass_id\tclass_name\n./a.jpg\t7\tgolden retriever\n' },
      { 'a.jpg': ['golden retriever'] },
    ],
    [
      'several labels in a field, paths of Windows and of another machine',
      {
        'x/a.jpg': null,
        'x/b.jpg': null,
        'list.csv': 'path;tags\r\nx\\a.jpg;sea|sun\r\n/kaggle/input/x/b.jpg;"sun, sand"\r\n',
      },
      { 'x/a.jpg': ['sea', 'sun'], 'x/b.jpg': ['sun', 'sand'] },
    ],
    [
      'no header',
      { 'a.jpg': null, 'b.jpg': null, 'list.csv': 'a.jpg,cat\nb.jpg,dog\n' },
      { 'a.jpg': ['cat'], 'b.jpg': ['dog'] },
    ],
    [
      'a table of Label Studio',
      { 'a.jpg': null, 'project.csv': 'image,id,choice\n/data/upload/1/0a1b2c3d-a.jpg,1,cat\n' },
      { 'a.jpg': ['cat'] },
    ],
  ])('reads %s', async (_, files, expected) => {
    const root = await folder(files);
    expect(await recogniseDataset(root)).toBe('csv');
    expect(described(await openTableSource(root))).toEqual(expected);
  });

  it('counts every row and file that is not used, and says which columns are not read', async () => {
    const root = await folder({
      'a.jpg': null,
      'b.jpg': null,
      'c.jpg': null,
      'notes.md': 'x',
      'list.csv':
        'file,label,size\na.jpg,cat,1\nb.jpg,,2\nno.jpg,cat,3\nhttp://x/y.jpg,cat,4\na.jpg,cat,5\nx,y\n"a"b,c,d\n,cat,6\n',
    });
    const dataset = await openTableSource(join(root, 'list.csv'));
    expect(dataset.source).toBe(join(root, 'list.csv'));
    expect(described(dataset)).toEqual({ 'a.jpg': ['cat'] });
    expect(skippedIn(dataset).sort()).toEqual([
      'b.jpg: it has no label, while other pictures have',
      'c.jpg: no row of list.csv names it',
      'list.csv: line 4: there is no file no.jpg',
      'list.csv: line 5: http://x/y.jpg is an address, not a path',
      'list.csv: line 6: a.jpg has a row already that says the same',
      'list.csv: line 7: it has 2 fields, and the table has 3 columns',
      'list.csv: line 8: it has text behind a closing quote',
      'list.csv: line 9: it has nothing in the column "file", which names the picture',
      'notes.md: not a picture file',
    ]);
    expect(notesOf(dataset)).toContain('list.csv: the column size is not read');
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      'addresses in place of paths',
      { 'list.csv': 'url,label\nhttps://x.org/a.jpg,cat\n' },
      /list\.csv names addresses of the web in its column url, and no files: download the pictures first/,
    ],
    [
      'files that are not there',
      { 'a.jpg': null, 'list.csv': 'file,label\nx.jpg,cat\n' },
      /names no picture that is there in its column file \(the first: x\.jpg\)$/,
    ],
    [
      'no column of pictures',
      { 'a.jpg': null, 'list.csv': 'x,label\n1,cat\n' },
      /has no column that names pictures \(its columns: x and label\)$/,
    ],
    [
      'two columns of pictures',
      { 'a.jpg': null, 'b.jpg': null, 'list.csv': 'left,right,label\na.jpg,b.jpg,cat\n' },
      /several columns that name pictures \(left and right\); --picture-column/,
    ],
  ])('refuses %s', async (_, files, message) => {
    const root = await folder(files);
    const error = await refusal(openTableSource(join(root, 'list.csv')));
    expect(error.code).toBe('source-unusable');
    expect(error.message).toMatch(message);
  });

  it('takes the classes of folders where a table has captions alone, or where a level is given', async () => {
    const root = await folder({
      'train/cat/a.jpg': null,
      'train/dog/b.jpg': null,
      'captions.csv': 'file,caption\na.jpg,A cat.\nb.jpg,A dog.\n',
    });
    expect(described(await openTableSource(root))).toEqual({
      'train/cat/a.jpg': ['cat', '"A cat."'],
      'train/dog/b.jpg': ['dog', '"A dog."'],
    });
    expect(notesOf(await openTableSource(root))).toContain('no table has labels: the 2 folders');
    const none = await openTableSource(root, { classLevel: 0 });
    expect(none.pictures.map(({ labels }) => labels)).toEqual([[], []]);
    const labelled = await folder({ 'x/a.jpg': null, 'l.csv': 'file,label\na.jpg,cat\n' });
    expect(described(await openTableSource(labelled))).toEqual({ 'x/a.jpg': ['cat'] });
    expect(described(await openTableSource(labelled, { classLevel: 1 }))).toEqual({ 'x/a.jpg': ['cat', 'x'] });
  });

  it('is told which columns to read', async () => {
    const root = await folder({
      'a.jpg': null,
      'b.jpg': null,
      'list.csv': 'left,right,kind,label\na.jpg,b.jpg,cat,x\n',
    });
    const dataset = await openTableSource(root, { pictureColumn: 'right', labelColumn: 'kind' });
    expect(described(dataset)).toEqual({ 'b.jpg': ['cat'] });
    const error = await refusal(openTableSource(join(root, 'list.csv'), { labelColumn: 'species' }));
    expect(error.message).toMatch(/has no column species, which --label-column names/);
  });

  it('refuses two tables about the same pictures', async () => {
    const root = await folder({ 'a.jpg': null, 'x.csv': 'file,label\na.jpg,1\n', 'y.csv': 'file,label\na.jpg,2\n' });
    expect((await refusal(openTableSource(root))).message).toMatch(/several tables .*: x\.csv and y\.csv$/);
    expect(described(await openTableSource(join(root, 'y.csv')))).toEqual({ 'a.jpg': ['2'] });
  });

  it('leaves a folder to its class folders where a table is about something else', async () => {
    const root = await folder({
      'cat/a.jpg': null,
      'dog/b.jpg': null,
      'classes.csv': 'class,description\ncat,Felis\ndog,Canis\n',
      'sizes.csv': 'file,width\ncat/a.jpg,8\n',
      'predictions.csv': 'file,label\ncat/a.jpg,dog\n',
      'broken.csv': '"',
    });
    expect(await recogniseDataset(root)).toBe('folder');
    expect(described(await openFolder(root))).toEqual({ 'cat/a.jpg': ['cat'], 'dog/b.jpg': ['dog'] });
  });

  it('leaves folders of classes in splits to them, as Roboflow and Kaggle write them', async () => {
    const files: Record<string, unknown> = { 'README.dataset.txt': 'Pets', 'README.roboflow.txt': 'Exported' };
    for (const split of ['train', 'valid', 'test'])
      for (const pet of ['cat', 'dog']) files[`${split}/${pet}/1.jpg`] = null;
    const root = await folder(files);
    expect(await recogniseDataset(root)).toBe('folder');
    const dataset = await openFolder(root);
    expect(dataset.pictures.map(({ labels }) => labels[0])).toEqual(['cat', 'dog', 'cat', 'dog', 'cat', 'dog']);
    expect(notesOf(dataset)).toMatch(/test, train and valid are read as splits/);
  });

  it('gives each row to a picture that is there, or counts it', async () => {
    const root = await folder({ 'a.jpg': null, 'b c.jpg': null });
    const path = join(root, 'list.csv');
    const name = fc.constantFrom('a.jpg', 'b c.jpg', 'a', './a.jpg', 'x.jpg', '', '"', '../a.jpg', 'http://a.jpg/');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, fc.string({ maxLength: 5 })), { maxLength: 8 }), async (rows) => {
        const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const body = rows.map(([file, label]) => `${quote(file)},${quote(label)}\r\n`).join('');
        await writeFile(path, `file,label\r\na.jpg,sure\r\n${body}`);
        const { pictures, skipped } = await openTableSource(path);
        const paths = pictures.map((picture) => picture.path);
        expect(paths.every((each) => each === 'a.jpg' || each === 'b c.jpg')).toBe(true);
        const wrong = rows.filter(([file]) => ['x.jpg', '', '"', '../a.jpg', 'http://a.jpg/'].includes(file));
        expect(skipped.filter(({ path: each }) => each === 'list.csv').length).toBeGreaterThanOrEqual(wrong.length);
      }),
      { numRuns: 100 },
    );
  });
});
