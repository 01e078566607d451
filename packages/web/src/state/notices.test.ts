import { describe, expect, it } from 'vitest';
import { noticesTitle, skippedReasons } from './notices.ts';

const text = (path: string) => ({ path, reason: 'not a picture file', group: 'not a picture file (.txt)' });

describe('what a build tells beside its index', () => {
  it('is counted by reason, the commonest first, with the first names and what can be done', () => {
    const heic = { path: 'c.heic', reason: 'is a HEIC picture', advice: 'convert it to JPEG' };
    const large = (path: string, edge: number) => ({ path, reason: `has ${edge} × 2 pixels` });
    const skipped = [
      ...[heic, large('d.png', 5), large('e.png', 6)],
      ...Array.from({ length: 7 }, (_, i) => text(`${6 - i}.txt`)),
    ];
    expect(skippedReasons({ skipped })).toEqual([
      {
        ...{ count: 7, reason: 'not a picture file (.txt)', advice: undefined },
        names: '0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 2 more',
      },
      { count: 2, reason: 'has N × N pixels', names: 'd.png and e.png', advice: undefined },
      { count: 1, reason: 'is a HEIC picture', names: 'c.heic', advice: 'convert it to JPEG' },
    ]);
    expect(skippedReasons({ skipped: [large('d.png', 5)] })[0]?.reason).toBe('has 5 × 2 pixels');
  });

  it('has a title that counts, and none where there is nothing', () => {
    expect(noticesTitle({ warnings: [], skipped: [] })).toBe('');
    expect(noticesTitle({ warnings: ['a'], skipped: [] })).toBe('1 warning');
    const skipped = Array.from({ length: 1200 }, (_, i) => text(`${i}`));
    expect(noticesTitle({ warnings: ['a', 'b'], skipped })).toBe('2 warnings, 1,200 files skipped');
  });
});
