import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { OPS } from './ops/table.ts';

it('the README lists every operation, and no other', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, section = ''] = readme.split(/^## Operations$/m);
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  const named = rows.flatMap((row) => [...(row.split('|')[2] ?? '').replace(/\(by .*?\)/g, '').matchAll(/`(\w+)`/g)]);
  const names = named.map(([, name]) => name);
  expect(names.sort()).toEqual(Object.keys(OPS).sort());
});
