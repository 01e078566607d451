import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { nodeRuntime } from '@neurodex/autograd/node';

/**
 * The memory of searching: `query-child.ts PICTURES` makes an index in the shape of the preset `joint`, then starts itself
 * anew as `query-child.ts search INDEX`, so that nothing of the making is in the measured process. Prints one JSON object.
 */
const [what = '', folder = ''] = process.argv.slice(2);

/** Opens the index and searches it, alone and in a batch; the resident memory after that. */
async function search(index: string): Promise<number> {
  const { openIndex } = await import('../packages/neurodex/src/systems/open-index.ts');
  const opened = await openIndex(index, nodeRuntime());
  const system = await opened.system('dsi');
  const { size } = opened.store;
  const query = () => ({
    kind: 'picture' as const,
    pixels: new Uint8Array(size * size * 3),
    thumbnail: () => Promise.reject(new Error('there is no thumbnail')),
  });
  let most = 0;
  for (let i = 0; i < 200; i++) {
    await system.rank([query()], 10);
    most = Math.max(most, process.memoryUsage.rss());
  }
  await opened.close();
  return most / 2 ** 20;
}

if (what === 'search') {
  console.log(JSON.stringify({ residentMiB: await search(folder) }));
} else {
  const scratch = await mkdtemp(join(tmpdir(), 'neurodex-query-'));
  try {
    const { randomIndex } = await import('./random-index.ts');
    const index = join(scratch, 'index');
    await randomIndex(index, { catalogue: Number(what), queries: 50, systems: ['dsi'] });
    const self = fileURLToPath(import.meta.url);
    const args = ['--import', 'tsx', self, 'search', index];
    process.stdout.write((await promisify(execFile)(process.execPath, args)).stdout);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
