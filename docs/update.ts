import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configurationTable } from '../packages/neurodex/src/cli/configuration-table.ts';
import { manualPage } from '../packages/neurodex/src/cli/manual-page.ts';
import { configurationInterface } from '../packages/neurodex/src/configuration/interface.ts';
import { allAllocations } from '../tests/allocations.ts';
import { graphCosts } from '../tests/graphs.ts';
import { apiReports } from './api-report.ts';
import { readPublicApi } from './public-api.ts';

/**
 * `npm run docs`: writes what tests expect to be the same in two places: the table of configuration keys and presets in
 * docs/cli.md, the manual page, the configuration as the library documents it, the costs of the graphs of all presets in tests/graphs.json, what
 * steps and queries allocate in tests/allocations.json, and the report of the API of each package in docs/api, for which the workspace has to be built.
 */
const root = new URL('../', import.meta.url);

const cli = new URL('docs/cli.md', root);
const lines = readFileSync(cli, 'utf8').split('\n');
const start = lines.findIndex((line) => line.startsWith('| key '));
const after = lines.findIndex((line, i) => i > start && !line.startsWith('|'));
if (start < 0) throw new Error('docs/cli.md has no table of configuration keys');
const rest = after < 0 ? [''] : lines.slice(after);
writeFileSync(cli, [...lines.slice(0, start), configurationTable(), ...rest].join('\n'));

writeFileSync(new URL('packages/neurodex/man/neurodex.1', root), manualPage());
writeFileSync(new URL('packages/neurodex/src/configuration/configuration.ts', root), configurationInterface());

for (const [folder, report] of apiReports(readPublicApi())) {
  writeFileSync(new URL(`docs/api/${folder}.api.md`, root), report);
}

const costs = { graphs: graphCosts(), allocations: await allAllocations() };
const program = fileURLToPath(new URL('node_modules/@biomejs/biome/bin/biome', root));
for (const [name, measured] of Object.entries(costs)) {
  const file = new URL(`tests/${name}.json`, root);
  writeFileSync(file, JSON.stringify(measured, null, 2));
  execFileSync(process.execPath, [program, 'format', '--write', fileURLToPath(file)], { stdio: 'ignore' });
}
