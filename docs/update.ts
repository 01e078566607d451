import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configurationTable } from '../packages/neurodex/src/cli/configuration-table.ts';
import { manualPage } from '../packages/neurodex/src/cli/manual-page.ts';
import { graphCosts } from '../tests/graphs.ts';

/**
 * `npm run docs`: writes what tests expect to be the same in two places: the table of configuration keys and presets in
 * docs/cli.md, the manual page, and the costs of the graphs of all presets in tests/graphs.json.
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

const graphs = new URL('tests/graphs.json', root);
writeFileSync(graphs, JSON.stringify(graphCosts(), null, 2));
const program = fileURLToPath(new URL('node_modules/@biomejs/biome/bin/biome', root));
execFileSync(process.execPath, [program, 'format', '--write', fileURLToPath(graphs)], { stdio: 'ignore' });
