import { describe, expect, it } from 'vitest';
import { classWarnings, datasetWarnings, reportDataset } from './warnings.ts';

const of = (...labels: string[][]) => labels.map((each) => ({ labels: each }));
const codes = (labels: string[][], name = 'folder') => classWarnings(of(...labels), name).map(({ code }) => code);

describe('labels from which nothing would be learned, or something else', () => {
  it.each([
    [[['cat'], ['dog']], []],
    [[[], []], ['no-labels']],
    [[['cat'], ['cat']], ['one-class']],
    [[['train'], ['test'], ['valid']], ['split-classes']],
    [[['Train'], ['bus']], ['split-classes']],
    [[['exam'], ['test'], ['quiz']], ['split-classes']],
    [[['train_cat'], ['train_dog'], ['test_cat'], ['test_dog']], ['split-classes']],
    [
      [['train'], ['train']],
      ['one-class', 'split-classes'],
    ],
    [[['cat'], ['cat ']], ['similar-classes']],
    [[['cat'], ['Cat'], ['dog']], ['similar-classes']],
    [[['caf\u00e9'], ['cafe\u0301']], ['similar-classes']],
    [[['a'], ['A'], ['b']], []],
  ])('%j', (labels, expected) => expect(codes(labels)).toEqual(expected));

  it('where labels are explicit, one name among many is a class: COCO has trains', () => {
    expect(codes([['bus'], ['car'], ['train']], 'coco')).toEqual([]);
    expect(codes([['bus'], ['test'], ['train']], 'parquet')).toEqual(['split-classes']);
  });

  it('names are quoted, so that a blank at their end is seen', () => {
    expect(classWarnings(of(['cat '], ['cat ']), 'folder')[0]?.message).toContain('one class, "cat "');
    expect(classWarnings(of(['cat'], ['cat ']), 'folder')[0]?.message).toMatch(/: "cat", "cat "$/);
  });

  it('what is doubtful is a warning, and the rest informs', () => {
    const said: string[] = [];
    const reporter = {
      progress() {},
      warn: (message: string) => void said.push(`warning: ${message}`),
      info: (message: string) => void said.push(message),
    };
    const dataset = {
      name: 'folder',
      pictures: of(['cat'], ['dog']),
      layout: [{ message: 'x is looked through' }, { message: 'y is doubtful', doubtful: true as const }],
    };
    reportDataset(dataset, reporter);
    expect(said).toEqual(['x is looked through', 'warning: y is doubtful']);
    expect(datasetWarnings(dataset)).toEqual([{ code: 'layout', message: 'y is doubtful' }]);
  });
});
