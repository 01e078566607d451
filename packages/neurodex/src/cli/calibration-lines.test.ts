import { describe, expect, it } from 'vitest';
import { calibrationLines } from './calibration-lines.ts';

describe('what is said of a calibration', () => {
  it('names systems by the queries that they are calibrated for', () => {
    const systems = [
      { system: 'dsi', kind: 'picture', queries: 64 },
      { system: 'dsi', kind: 'text', queries: 1 },
      { system: 'pixels', kind: 'picture', queries: 64 },
      { system: 'bm25', kind: 'text', queries: 1 },
    ] as const;
    expect(calibrationLines({ systems, none: { auroc: 0.8512, unknown: 9 } })).toEqual([
      'relevance  of dsi, pixels, fitted to 64 validation queries',
      'of words   of dsi, bm25, fitted to 1 caption',
      'nothing    is found: told from the rest with an AUROC of 0.851 on classes that were withheld',
    ]);
  });

  it('says what is missing', () => {
    expect(
      calibrationLines({ systems: [{ system: 'dsi', kind: 'picture', queries: 20 }], none: null }).slice(1),
    ).toEqual([
      'of words   not known, which takes ten captions that nothing has learned from',
      'nothing    is found: cannot be told, which takes three classes or more',
    ]);
    expect(calibrationLines({ systems: [{ system: 'bm25', kind: 'text', queries: 20 }], none: null })[0]).toBe(
      'relevance  of answers to pictures: not known, which takes ten validation queries',
    );
  });
});
