import { readFileSync, writeFileSync } from 'node:fs';
import { configurationTable } from '../packages/neurodex/src/cli/configuration-table.ts';

/** `npm run docs`: writes the table of configuration keys and presets into docs/cli.md, where a test expects it. */
const file = new URL('cli.md', import.meta.url);
const lines = readFileSync(file, 'utf8').split('\n');
const start = lines.findIndex((line) => line.startsWith('| key '));
const after = lines.findIndex((line, i) => i > start && !line.startsWith('|'));
if (start < 0) throw new Error('docs/cli.md has no table of configuration keys');
const rest = after < 0 ? [''] : lines.slice(after);
writeFileSync(file, [...lines.slice(0, start), configurationTable(), ...rest].join('\n'));
