import { describe, expect, it } from 'vitest';
import { MEASURED } from '../../evaluation/calibration/relevance-measures.fixture.ts';
import { describeRelevance } from './relevance-lines.ts';

describe('what evaluate prints of probabilities', () => {
  it('is a row for each system', () => {
    const whole = { ...MEASURED, coverage: [], unknown: null };
    expect(describeRelevance({ relevance: { dsi: MEASURED, pixels: whole } }, 'x')).toEqual([
      '',
      'probabilities of relevance: 500 first answers to 50 queries',
      '',
      [
        'system    ECE  Brier        80 %        90 %         95 %                 AUROC  set-F1  one threshold',
        '──────  ─────  ─────  ──────────  ──────────  ───────────  ────────────────────  ──────  ─────────────',
        'dsi     0.032  0.088  0.810, 1.3  0.925, 2.5  0.950, 12.3  0.912 [0.850, 0.975]   0.765          0.654',
        'pixels  0.032  0.088         n/a         n/a          n/a                   n/a   0.765          0.654',
      ].join('\n'),
      '',
      '80, 90, 95 %: share of the sets with this confidence that hold a relevant picture, and their mean size',
      'AUROC: 40 known queries against 10 unknown ones, with its 95 % interval (DeLong)',
      'set-F1: of all answers that are likelier relevant than not; one threshold: of the best single threshold of scores,',
      'chosen on these queries (25 of them)',
    ]);
  });

  it('is no AUROC where no query is unknown, and no number of queries where all were ranked', () => {
    const known = { ...MEASURED, unknown: null, setF1: { ...MEASURED.setF1, queries: 50 } };
    const lines = describeRelevance({ relevance: { dsi: known } }, 'x');
    expect(lines.filter((line) => line.startsWith('AUROC'))).toEqual([]);
    expect(lines.at(-1)).toBe('chosen on these queries');
  });

  it('has a table for each protocol of captions that is calibrated', () => {
    const comparison = {
      catalogue: 4,
      queries: 2,
      withoutRelevant: 0,
      protocol: 'full',
      systems: {},
      intervals: {},
    } as const;
    const text = { shared: { ...comparison, leftOut: { unreadable: 0, learned: 0 }, relevance: { bm25: MEASURED } } };
    const lines = describeRelevance({ text }, 'x');
    expect(lines[1]).toBe('probabilities of relevance: 500 first answers to 50 shared captions');
    expect(lines[3]).toMatch(/\nbm25 /);
  });

  it('says how an index is calibrated that is not, and nothing where nothing was asked', () => {
    expect(describeRelevance({ relevance: null }, 'my index')).toEqual([
      '',
      "probabilities of relevance: the index is not calibrated; `neurodex calibrate 'my index'` fits them to its validation queries",
    ]);
    expect(describeRelevance({}, 'x')).toEqual([]);
  });
});
