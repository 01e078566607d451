import { expect, it } from 'vitest';
import { TrecTable } from './trec-table.ts';

it('keeps the rows of each query in order, more than a column and a block have room for at first', () => {
  const table = new TrecTable();
  // A block of names has 2²⁴ bytes: 16 names of a mebibyte fill it to its end.
  const long = Buffer.alloc(2 ** 20, 'x');
  const names = Array.from({ length: 2100 }, (_, i) => `d${i}`);
  for (let i = 0; i < 17; i++) table.add('long', long.fill(97 + i, 0, 1), i, i + 1);
  names.forEach((name, i) => {
    table.add(`q${i % 3}`, Buffer.from(name), i / 2, 100 + i);
  });
  expect([...table.queries.keys()]).toEqual(['long', 'q0', 'q1', 'q2']);
  const first = [...table.rowsOf('long')];
  expect(first.map((row) => table.documentOf(row).slice(0, 2))).toEqual(
    Array.from({ length: 17 }, (_, i) => `${String.fromCharCode(97 + i)}x`),
  );
  expect(first.every((row) => table.documentOf(row).length === 2 ** 20)).toBe(true);
  for (let query = 0; query < 3; query++) {
    const rows = [...table.rowsOf(`q${query}`)];
    const own = names.flatMap((name, i) => (i % 3 === query ? [{ name, i }] : []));
    expect(rows.map((row) => table.documentOf(row))).toEqual(own.map(({ name }) => name));
    expect(rows.map((row) => [table.valueOf(row), table.lineOf(row)])).toEqual(own.map(({ i }) => [i / 2, 100 + i]));
  }
  expect([...table.rowsOf('none')]).toEqual([]);
  table.add('q0', Buffer.from('late'), 1, 1);
  expect([...table.rowsOf('q0')].map((row) => table.documentOf(row)).at(-1)).toBe('late');
});
