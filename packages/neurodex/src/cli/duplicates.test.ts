import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FindDuplicatesOptions, FoundDuplicates } from '../jobs/find-duplicates.ts';
import { NO_KINDS } from '../pictures/duplicate-facts.ts';
import { services } from './jobs.ts';
import { jsonError, runCli } from './test-io.fixture.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-duplicates-cli-'));
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="80" height="60"><rect width="80" height="60" fill="#357"/><circle cx="30" cy="20" r="16" fill="#eb5"/><rect x="50" y="30" width="24" height="20" fill="#d44"/></svg>`;
  const one = await sharp(Buffer.from(drawing)).removeAlpha().png().toBuffer();
  await writeFile(join(folder, 'one.png'), one);
  await writeFile(join(folder, 'same.png'), one);
  await writeFile(join(folder, 'turned.jpg'), await sharp(one).flop().jpeg({ quality: 90 }).toBuffer());
  await writeFile(join(folder, 'broken.png'), 'no picture');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('lists groups, the best picture first, with what is known of each', async () => {
  const { status, stdout } = await runCli(['duplicates', folder], { jobs: services.jobs });
  expect(status).toBe(0);
  const lines = stdout.split('\n');
  expect(lines).toContain('pictures    3');
  expect(lines).toContain('skipped     1 file or row (--json names them all)');
  expect(lines).toContain('duplicates  2 in 1 group');
  expect(lines).toContain('            1 × identical: the same file');
  const at = lines.findIndex((line) => line.startsWith('one.png'));
  expect(lines.slice(at, at + 3)).toEqual([
    expect.stringMatching(/^one\.png {2}\(best, 80 × 60, \d+ bytes\)$/),
    expect.stringMatching(/^ {2}same\.png {2}\(identical 1\.000, 80 × 60, \d+ bytes\)$/),
    expect.stringMatching(/^ {2}turned\.jpg {2}\(mirrored 0\.9\d\d, 80 × 60, [\d.]+ (?:bytes|kB)\)$/),
  ]);
});

it('prints the same for programs', async () => {
  const argv = ['duplicates', folder, '--json', '--kinds', 'identical', '--kinds', 'equal,resized'];
  const { stdout } = await runCli(argv, { jobs: services.jobs });
  const found = JSON.parse(stdout) as FoundDuplicates;
  expect(found.groups.map(({ best, members }) => [best, ...members.map(({ path }) => path)])).toEqual([
    ['one.png', 'one.png', 'same.png'],
  ]);
  expect(found.kinds).toEqual({ ...NO_KINDS, identical: 1 });
});

it('passes its flags to the job, and lists those of a source', async () => {
  let asked: FindDuplicatesOptions | undefined;
  const nothing = { source: '', pictures: 0, groups: [], duplicates: 0, kinds: NO_KINDS, acrossSplits: 0 };
  const findDuplicates = async (options: FindDuplicatesOptions): Promise<FoundDuplicates> => {
    asked = options;
    return { ...nothing, differentLabels: 0, skipped: [], skippedKinds: [], page: null };
  };
  const argv = ['duplicates', 'photos', '--kinds', 'mirrored', '--out', 'page.html', '--class-level', '2'];
  expect((await runCli(argv, { jobs: { findDuplicates } })).status).toBe(0);
  expect(asked).toMatchObject({
    path: '/home/somebody/photos',
    kinds: ['mirrored'],
    out: '/home/somebody/page.html',
    sourceFlags: ['--class-level'],
  });
});

it('refuses a kind that there is not, and a source that is not there', async () => {
  const kind = await runCli(['duplicates', folder, '--kinds', 'miror', '--json']);
  expect(kind.status).toBe(2);
  expect(jsonError(kind)).toMatchObject({ code: 'usage', hint: expect.stringContaining('mirrored') });
  const missing = await runCli(['duplicates', 'nowhere', '--json'], { jobs: services.jobs });
  expect(jsonError(missing)).toMatchObject({ code: 'source-missing' });
});
