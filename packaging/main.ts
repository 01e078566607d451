import { parseArgs } from 'node:util';
import { packAll } from './pack.ts';

/** `npm run pack -- --out DIR`: the tarballs of all packages, in the order in which they are to be published. */
const { values } = parseArgs({ options: { out: { type: 'string', default: 'tarballs' } } });
for (const { file } of packAll(values.out, (line) => process.stderr.write(`packed ${line}\n`))) console.log(file);
