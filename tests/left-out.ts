import { spawnSync } from 'node:child_process';
import {
  findPostgres,
  findRedis,
  MISSING_POSTGRES,
  MISSING_REDIS,
} from '../packages/neurodex/src/shards/drivers/queue-servers.fixture.ts';
import { findServer, missingServer, S3_SERVERS } from '../packages/objects/src/s3/s3-servers.fixture.ts';
import { findChromium, MISSING_CHROMIUM } from '../packages/web/tests/chromium.ts';
import { missingForFirstSteps } from './first-steps.fixture.ts';

/** `npm test` ends with what it did not test, and why. */
const leftOut = [
  'checks in other programs (npm run interop, needs Python)',
  'speed (npm run bench)',
  ...(findChromium() === undefined ? [`the pages in a browser: ${MISSING_CHROMIUM}`] : []),
  ...(findRedis() === undefined ? [`queues of shards in Redis: ${MISSING_REDIS}`] : []),
  ...(findPostgres() === undefined ? [`queues of shards in PostgreSQL: ${MISSING_POSTGRES}`] : []),
  ...S3_SERVERS.filter((kind) => findServer(kind) === undefined).map(
    (kind) => `object stores on a server of S3: ${missingServer(kind)}`,
  ),
  ...(spawnSync('haproxy', ['-v'], { stdio: 'ignore' }).status === 0
    ? []
    : ['replicas behind HAProxy: haproxy is not installed']),
  ...(spawnSync('sixel2png', ['--version'], { stdio: 'ignore' }).status === 0
    ? []
    : ['pictures in terminals by libsixel: sixel2png is not installed (on Debian: apt-get install libsixel-bin)']),
];
const firstSteps = await missingForFirstSteps();
if (firstSteps !== undefined) leftOut.push(`the first steps: ${firstSteps}`);
console.log(`left out here: ${leftOut.join('; ')}`);
