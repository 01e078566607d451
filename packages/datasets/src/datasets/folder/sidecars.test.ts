import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { captionsOfText, factsOfRecord } from '../record-facts.ts';
import { recogniseDataset } from '../registry.ts';
import { described, notesOf, skippedIn, testFolders } from '../source.fixture.ts';
import { openFolder } from './folder.ts';
import { openImg2dataset } from './img2dataset.ts';

const folder = testFolders();

describe('files beside pictures', () => {
  it.each<[string, Record<string, unknown>, Record<string, string[]>]>([
    [
      'gallery-dl',
      {
        'flickr/ann/1.jpg': null,
        'flickr/ann/1.jpg.json': { category: 'flickr', title: 'Sea', description: 'At noon.', tags: ['a'] },
      },
      { 'flickr/ann/1.jpg': ['ann', '"Sea"', '"At noon."'] },
    ],
    [
      'Google Takeout, old and new, cut off, counted and edited',
      {
        'Sea/IMG_1.jpg': null,
        'Sea/IMG_1.jpg.json': { title: 'IMG_1.jpg', description: 'One.' },
        'Sea/IMG_2.jpg': null,
        'Sea/IMG_2.jpg.supplemental-metadata.json': { title: 'IMG_2.jpg', description: 'Two.' },
        'Sea/IMG_2(1).jpg': null,
        'Sea/IMG_2.jpg.supplemental-metadata(1).json': { title: 'IMG_2.jpg', description: 'Other.' },
        'Sea/IMG_3.jpg': null,
        'Sea/IMG_3-edited.jpg': null,
        'Sea/IMG_3.jpg.supplemental-me.json': { title: 'IMG_3.jpg', description: 'Three.' },
        'Sea/metadata.json': { title: 'Sea' },
      },
      {
        'Sea/IMG_1.jpg': ['Sea', '"One."'],
        'Sea/IMG_2(1).jpg': ['Sea', '"Other."'],
        'Sea/IMG_2.jpg': ['Sea', '"Two."'],
        'Sea/IMG_3-edited.jpg': ['Sea', '"Three."'],
        'Sea/IMG_3.jpg': ['Sea', '"Three."'],
      },
    ],
    [
      'yt-dlp and Instaloader',
      {
        'Clip [x1].webp': null,
        'Clip [x1].info.json': { id: 'x1', title: 'Clip', description: 'A clip.' },
        '2020-01-01_10-00-00_UTC_1.jpg': null,
        '2020-01-01_10-00-00_UTC_2.jpg': null,
        '2020-01-01_10-00-00_UTC.txt': 'At the sea\n#sun',
      },
      {
        '2020-01-01_10-00-00_UTC_1.jpg': ['"At the sea"', '"#sun"'],
        '2020-01-01_10-00-00_UTC_2.jpg': ['"At the sea"', '"#sun"'],
        'Clip [x1].webp': ['"Clip"', '"A clip."'],
      },
    ],
    [
      'texts of training, and no labels of YOLO',
      { 'a.png': null, 'a.txt': 'a cat, sleeping', 'b.png': null, 'b.txt': '0 0.5 0.5 0.25 0.25\n1 0.1 0.1 0.2 0.2\n' },
      { 'a.png': ['"a cat, sleeping"'], 'b.png': [] },
    ],
    [
      'labels under their own keys beside those of folders',
      { 'pets/a.png': null, 'pets/a.json': { label: 'cat', caption: 'A cat.' }, 'zoo/b.png': null },
      { 'pets/a.png': ['pets', 'cat', '"A cat."'], 'zoo/b.png': ['zoo'] },
    ],
  ])('%s', async (_, files, expected) => {
    const root = await folder(files);
    expect(await recogniseDataset(root)).toBe('folder');
    expect(described(await openFolder(root))).toEqual(expected);
  });

  it('are used or counted', async () => {
    const root = await folder({
      'cat/a.png': null,
      'cat/a.json': { caption: 'A cat.' },
      'cat/b.png': null,
      'cat/b.json': '{"caption": ',
      'cat/c.png': null,
      'cat/c.json': { shapes: [] },
      'cat/d.png': null,
      'cat/d.txt': Buffer.from([0xe9, 0x61]),
      'cat/alone.json': { caption: 'x' },
    });
    const dataset = await openFolder(root);
    expect(skippedIn(dataset)).toEqual([
      'cat/alone.json: not a picture file',
      expect.stringMatching(/^cat\/b\.json: it is beside a picture, and not JSON/),
      'cat/c.json: not a picture file',
      'cat/d.txt: it is beside a picture, and not text in UTF-8',
    ]);
    expect(notesOf(dataset)).toContain('captions come from 1 files beside the pictures (cat/a.json)');
  });

  it('reads what img2dataset downloads as files', async () => {
    const root = await folder({
      '00000/000000000.jpg': null,
      '00000/000000000.txt': 'a cat',
      '00000/000000000.json': { caption: 'a cat', url: 'http://x', key: '000000000', status: 'success', width: 8 },
      '00001/000010001.jpg': null,
      '00001/000010001.txt': 'a dog',
      '00001/000010001.json': { caption: 'a dog', url: 'http://y', key: '000010001', status: 'success' },
      '00000.parquet': 'PAR1',
      '00000_stats.json': { count: 1 },
      '00001_stats.json': { count: 1 },
    });
    expect(await recogniseDataset(root)).toBe('img2dataset');
    const dataset = await openImg2dataset(root);
    expect([dataset.name, dataset.skipped]).toEqual(['img2dataset', []]);
    expect(notesOf(dataset)).not.toContain('labels may be in');
    expect(described(dataset)).toEqual({ '00000/000000000.jpg': ['"a cat"'], '00001/000010001.jpg': ['"a dog"'] });
  });

  it('give texts without blanks, whatever they hold', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('title', 'label', 'caption', 'text', 'x'), fc.jsonValue()),
        (record) => {
          const facts = factsOfRecord(record);
          if ('reason' in facts) expect(facts.reason).not.toBe('');
          else for (const text of [...facts.labels, ...facts.captions]) expect(text.trim()).not.toBe('');
        },
      ),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const caption of captionsOfText(text)) expect(caption.trim()).toBe(caption);
      }),
    );
    expect(captionsOfText('0 0.5 0.5 1 1\n')).toEqual([]);
    expect(captionsOfText('dog 0.5 0.5 1 1\n')).toEqual([]);
    expect(factsOfRecord({ title: { _content: 'A cat' }, label: 3 })).toEqual({ labels: ['3'], captions: ['A cat'] });
    expect(factsOfRecord({ label: { a: 1 } })).toEqual({ reason: expect.stringMatching(/its label is an object/) });
  });
});
