import { createDownloads } from './downloads.ts';

/** A process of its own that downloads one file: CACHE URL BYTES. Prints the path. */
const [cache = '', url = '', bytes] = process.argv.slice(2);
const path = await createDownloads({ cache, environment: {} }).file({ url, name: 'the file', bytes: Number(bytes) });
process.stdout.write(path);
