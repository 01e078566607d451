import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measuresLine, measuresTable, textTable } from './table.ts';
import { displayWidth, printable, truncate } from './text.ts';

describe('textTable', () => {
  it('aligns by what a terminal shows, not by code units', () => {
    const table = textTable(
      [{ heading: 'name' }, { heading: 'n', align: 'right' }],
      [
        ['日本', '1'],
        ['e\u0301', '22'],
        ['😀', '333'],
      ],
    );
    expect(table).toBe(['name    n', '────  ───', '日本    1', 'e\u0301      22', '😀    333'].join('\n'));
  });

  it('keeps a table of any cells rectangular and free of control characters', () => {
    const row = fc.tuple(fc.string({ unit: 'grapheme' }), fc.string());
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const lines = textTable([{ heading: 'a' }, { heading: 'b', align: 'right' }], rows).split('\n');
        expect(lines).toHaveLength(rows.length + 2);
        const width = displayWidth(lines[1] ?? '');
        for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
        expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }),
    );
  });
});

it('measuresTable has every measure once, in the order in which they first come', () => {
  const table = measuresTable({ pixels: { RR: 0.5 }, dsi: { 'IA@1': 1, RR: 0 } });
  expect(table.split('\n').slice(2)).toEqual(['RR        0.500  0.000', 'IA@1        n/a  1.000']);
  expect(measuresLine({ RR: 0.5, 'P@10': 0.25 })).toBe('RR 0.500, P@10 0.250');
});

describe('text', () => {
  it('shows control characters as what they are', () => {
    expect(printable('a\n\u001b[31mb\u0085\u2028')).toBe('a\\x0a\\x1b[31mb\\x85\\x2028');
  });

  it.each([
    ['abc', 3],
    ['', 0],
    ['ｆｕｌｌ', 8],
    ['👩‍👩‍👧', 2],
    ['❤️', 2],
    ['한국', 4],
  ])('%s takes %i columns', (text, width) => expect(displayWidth(text)).toBe(width));

  it('truncates to the width, never within a character', () => {
    expect(truncate('日本語', 6)).toBe('日本語');
    expect(truncate('日本語', 5)).toBe('日本…');
    expect(truncate('日本語', 4)).toBe('日…');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(20), (text, width) => {
        expect(displayWidth(truncate(text, width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});
