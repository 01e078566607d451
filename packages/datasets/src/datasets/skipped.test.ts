import { expect, it } from 'vitest';
import { notAPicture } from './non-pictures.ts';
import { reportSkipped, skippedKinds } from './skipped.ts';

const texts = Array.from({ length: 10 }, (_, i) => notAPicture(`labels/${i}.TXT`));
const skipped = [
  ...texts,
  notAPicture('a.xml'),
  notAPicture('Makefile'),
  { path: '.DS_Store', reason: 'hidden', group: 'hidden (.DS_Store)', expected: true as const },
  { path: 'a.jpg', reason: 'is cut off at byte 17' },
  { path: 'b.jpg', reason: 'is cut off at byte 4' },
];

it('is counted by reason, the commonest first, numbers apart', () => {
  expect(skippedKinds(skipped)).toEqual([
    { kind: 'not a picture file (.txt)', count: 10 },
    { kind: 'is cut off at byte N', count: 2 },
    { kind: 'hidden (.DS_Store)', count: 1 },
    { kind: 'not a picture file (.xml)', count: 1 },
    { kind: 'not a picture file (no ending)', count: 1 },
  ]);
});

it('many of one kind are one warning; few are named each; what nobody misses is not warned of', () => {
  const warnings: string[] = [];
  reportSkipped(skipped, { progress() {}, info() {}, warn: (message) => void warnings.push(message) });
  expect(warnings).toEqual([
    'skipped 10 files or rows: not a picture file (.txt), the first: labels/0.TXT',
    'skipped a.jpg: is cut off at byte 17',
    'skipped b.jpg: is cut off at byte 4',
    'skipped a.xml: not a picture file',
    'skipped Makefile: not a picture file',
  ]);
});
