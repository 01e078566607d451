import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { datasetContract } from '../dataset.contract.ts';
import { recogniseDataset } from '../registry.ts';
import { described, folderOf, notesOf, refusal, removeFolder, skippedIn } from '../source.fixture.ts';
import { openOpenImages } from './open-images.ts';

const made: string[] = [];
afterEach(async () => {
  for (const root of made.splice(0)) await removeFolder(root);
});
const PICTURES = { 'train/000a1249af2bc5f0.jpg': null, 'validation/0001eeaf4aed83f9.jpg': null };
async function folder(files: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const root = await folderOf({
    ...PICTURES,
    'class-descriptions.csv': '/m/011k07,Tortoise\n/m/0cmf2,Airplane\n/m/1,"Bat, animal"\n/m/2,Crane\n/m/3,Crane\n',
    'train-annotations-human-imagelabels.csv':
      'ImageID,Source,LabelName,Confidence\n000a1249af2bc5f0,verification,/m/011k07,1\n000a1249af2bc5f0,verification,/m/0cmf2,0\nffffffffffffffff,verification,/m/0cmf2,1\n000a1249af2bc5f0,crowdsource-verification,/m/2,1.0\n',
    'validation-annotations-bbox.csv':
      'ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside\n0001eeaf4aed83f9,xclick,/m/0cmf2,1,0.02,0.96,0.07,0.8,0,0,0,0,0\n0001eeaf4aed83f9,xclick,/m/0cmf2,1,0.1,0.2,0.1,0.2,0,0,0,0,0\n',
    ...files,
  });
  made.push(root);
  return root;
}

describe('Open Images', () => {
  datasetContract(async () => await openOpenImages(await folder()), { entries: 3 });

  it('reads what people verified, of the pictures that are here', async () => {
    const root = await folder({ 'train-annotations-machine-imagelabels.csv': 'ImageID,Source,LabelName,Confidence\n' });
    expect(await recogniseDataset(root)).toBe('open-images');
    const dataset = await openOpenImages(root);
    expect(described(dataset)).toEqual({
      'train/000a1249af2bc5f0.jpg': ['Tortoise', 'Crane (/m/2)'],
      'validation/0001eeaf4aed83f9.jpg': ['Airplane'],
    });
    expect(dataset.notices[0]?.licence).toContain('CC-BY-4.0');
    expect(notesOf(dataset)).toContain('1 rows say that a class is not in a picture');
    expect(notesOf(dataset)).toContain('train-annotations-machine-imagelabels.csv is not read');
    expect(notesOf(dataset)).toContain('the splits train and validation are put together');
    expect(skippedIn(dataset)).toContain(
      'train-annotations-human-imagelabels.csv: 1 rows are about pictures that are not here',
    );
  });

  it('takes descriptions with a header, and names rows that make no sense', async () => {
    const root = await folder({
      'oidv7-class-descriptions.csv': 'LabelName,DisplayName\n/m/9,Sea\n/m/8\n',
      'test-annotations-human-imagelabels-boxable.csv':
        'ImageID,Source,LabelName,Confidence\n0001eeaf4aed83f9,x,/m/9,1\n0001eeaf4aed83f9,x,/m/7,1\n0001eeaf4aed83f9,x,/m/9,high\n0001eeaf4aed83f9\n',
      'other/000a1249af2bc5f0.jpg': null,
      'extra.jpg': null,
    });
    const dataset = await openOpenImages(root);
    expect(described(dataset)['validation/0001eeaf4aed83f9.jpg']).toEqual(['Sea', 'Airplane']);
    expect(skippedIn(dataset)).toEqual(
      expect.arrayContaining([
        'oidv7-class-descriptions.csv: line 3: it has no name of a class',
        'test-annotations-human-imagelabels-boxable.csv: line 4: it has no class, or no confidence from 0 to 1',
        'test-annotations-human-imagelabels-boxable.csv: line 5: it has no class, or no confidence from 0 to 1',
        expect.stringMatching(/its class \/m\/7 has no description$/),
        expect.stringMatching(/^train\/000a1249af2bc5f0\.jpg: the file: it has the id of other\//),
        'extra.jpg: no row of test-annotations-human-imagelabels-boxable.csv, train-annotations-human-imagelabels.csv and 1 more names it',
      ]),
    );
  });

  it('refuses a table without its columns', async () => {
    const root = await folder();
    await writeFile(join(root, 'validation-annotations-bbox.csv'), 'ImageID,Class\nx,y\n');
    const error = await refusal(openOpenImages(root));
    expect([error.code, error.message]).toEqual([
      'source-unusable',
      expect.stringMatching(/bbox\.csv has no column LabelName$/),
    ]);
  });
});
