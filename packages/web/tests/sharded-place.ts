import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { bin, type Indexes } from './site.ts';

const run = promisify(execFile);

export const SHARDS = 3;
/** Small, and trained for seconds only. */
const SMALL = [
  ...[
    'pictures.size=32',
    'model.patchSize=16',
    'model.width=32',
    'training.seeSteps=30',
    'text.steps=60',
    'text.layers=1',
  ],
  ...['identifiers.branching=4', 'identifiers.leafSize=3'],
].flatMap((key) => ['--set', key]);

/** A place of shards that the program made; of one shard it has lost the record. */
export async function damagedPlace({ photos }: Indexes) {
  const folder = dirname(photos);
  const place = join(folder, 'sharded');
  // What is copied from a place would still be there.
  const environment = { ...process.env, NEURODEX_CACHE: join(folder, 'cache') };
  const neurodex = (...args: string[]) => run(process.execPath, [bin, 'shards', ...args], { env: environment });
  await neurodex(
    'plan',
    photos,
    '--out',
    place,
    '--shards',
    String(SHARDS),
    '--sample',
    '60',
    '--systems',
    'dsi',
    ...SMALL,
  );
  await neurodex('run', place, '--workers', '1');
  const { shards } = JSON.parse(readFileSync(join(place, 'router.json'), 'utf8')) as {
    readonly shards: readonly { readonly record: { readonly sha256: string } }[];
  };
  rmSync(join(place, 'objects', shards[1]?.record.sha256 ?? ''));
  return { place, environment: { ...environment, NEURODEX_CACHE: join(folder, 'empty cache') } };
}
