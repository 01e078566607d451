import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { configurationTable } from './configuration-table.ts';

it('is the table in docs/cli.md', async () => {
  const docs = await readFile(new URL('../../../../docs/cli.md', import.meta.url), 'utf8');
  // When this fails: npx tsx -e "import('./packages/neurodex/src/cli/configuration-table.ts').then((m) => console.log(m.configurationTable()))"
  expect(docs).toContain(`\n${configurationTable()}\n`);
});
