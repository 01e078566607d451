import type { Dataset } from '@neurodex/datasets';
import { describe, expect, it } from 'vitest';
import type { AddedPictures, UpdatedIndex } from '../jobs/change-index.ts';
import type { Verification } from '../jobs/verify-index.ts';
import { PRESETS } from '../presets/presets.ts';
import { jsonError, runCli } from './test-io.fixture.ts';

const changes = { revision: 3, nextId: 12, added: 2, removed: 1, learned: 0, renamed: 4 };
const changed = { index: '/home/somebody/photos.index', digest: 'abcdef0123456789ff', catalogue: 11, changes };
const dataset: Dataset = { name: 'folder', source: '/photos', pictures: [], notices: [], skipped: [] };
const openSource = async () => ({ dataset, config: PRESETS.default });

const added: AddedPictures = {
  ...changed,
  added: [{ id: 11, picture: 'a.jpg', identifier: '3.7' }],
  known: [{ picture: 'b.jpg', as: 'c.jpg' }],
  failed: [{ input: 'd.txt', code: 'picture-not-an-image', message: 'd.txt is not a picture', hint: 'leave it out' }],
};

describe('add', () => {
  it('hands on files and labels, and says what became of them', async () => {
    const asked: unknown[] = [];
    const addToIndex = async (options: unknown) => {
      asked.push(options);
      return added;
    };
    const argv = ['add', 'photos.index', 'a.jpg', 'sub/b.jpg', '--label', 'x', '--label', 'y'];
    const { status, stdout, stderr } = await runCli(argv, { jobs: { addToIndex } });
    expect(asked).toMatchObject([
      {
        index: '/home/somebody/photos.index',
        device: 'cpu',
        pictures: {
          files: [
            { name: 'a.jpg', path: '/home/somebody/a.jpg' },
            { name: 'sub/b.jpg', path: '/home/somebody/sub/b.jpg' },
          ],
          labels: ['x', 'y'],
        },
      },
    ]);
    expect(stdout).toBe(
      [
        'added      1 picture',
        '  a.jpg: id 11, identifier 3.7',
        'known      1 file whose contents are in the index already',
        '  b.jpg is c.jpg',
        'failed     1 file',
        '',
        'index      /home/somebody/photos.index',
        'catalogue  11 pictures',
        'revision   3, digest abcdef0123456789',
        '',
      ].join('\n'),
    );
    expect([status, stderr]).toEqual([1, 'error: d.txt is not a picture\nhint: leave it out\n']);
  });

  it('hands on a data set', async () => {
    let pictures: unknown;
    const addToIndex = async (options: { readonly pictures: unknown }) => {
      pictures = options.pictures;
      return { ...added, failed: [] };
    };
    const { status, stdout } = await runCli(['add', 'i', '--from', 'photos', '--json', '--quiet'], {
      jobs: { addToIndex, openSource },
    });
    expect([status, pictures]).toEqual([0, dataset]);
    const { failed: _, ...object } = added;
    expect(JSON.parse(stdout)).toEqual(object);
  });

  it.each([[['add', 'i']], [['add', 'i', 'a.jpg', '--from', 'b']]])('refuses %j', async (argv) => {
    const outcome = await runCli([...argv, '--json']);
    expect([outcome.status, jsonError(outcome).code]).toEqual([2, 'usage']);
  });
});

it('remove names what was removed', async () => {
  const removeFromIndex = async () => ({ ...changed, removed: [{ id: 4, picture: 'a/b.png' }] });
  const { status, stdout } = await runCli(['remove', 'i', 'a/b.png'], { jobs: { removeFromIndex } });
  expect(status).toBe(0);
  expect(stdout).toContain('removed    1 picture\n  a/b.png, id 4\n');
});

describe('update', () => {
  const update: UpdatedIndex = {
    ...changed,
    dryRun: false,
    unchanged: 7,
    added: Array.from({ length: 12 }, (_, i) => `${i}.png`),
    changed: [],
    moved: [{ from: 'a.png', to: 'b.png' }],
    removed: ['c.png'],
    known: [],
    failed: [],
  };

  it('says what differed, or only what differs', async () => {
    const asked: boolean[] = [];
    const updateIndex = async ({ dryRun }: { readonly dryRun: boolean }) => {
      asked.push(dryRun);
      return { ...update, dryRun };
    };
    const jobs = { updateIndex, openSource };
    const { stdout } = await runCli(['update', 'i', 'photos'], { jobs });
    expect(stdout).toContain('unchanged  7 pictures\nnew        12 pictures\n  0.png\n');
    expect(stdout).toContain(
      '  9.png\n  … and 2 more (--json names them all)\nmoved      1 picture\n  a.png is b.png\n',
    );
    expect(stdout).not.toContain('changed    ');
    const dry = await runCli(['update', 'i', 'photos', '--dry-run'], { jobs });
    expect(dry.stdout).toMatch(/^nothing was changed: this is what differs\n/);
    expect(asked).toEqual([false, true]);
  });

  it('follows a folder, and says what each update changed', async () => {
    const followFolder = async ({
      folder,
      update,
    }: {
      readonly folder: string;
      readonly update: () => Promise<void>;
    }) => {
      expect(folder).toBe('/home/somebody/photos');
      await update();
    };
    const { status, stderr } = await runCli(['update', 'i', 'photos', '--watch'], {
      jobs: { followFolder, updateIndex: async () => update, openSource },
    });
    expect([status, stderr.includes('removed    1 picture')]).toEqual([0, true]);
    const outcome = await runCli(['update', 'i', 'photos', '--watch', '--dry-run', '--json']);
    expect([outcome.status, jsonError(outcome).code]).toEqual([2, 'usage']);
  });
});

describe('verify', () => {
  const found: Verification = {
    index: '/home/somebody/i',
    digest: 'd',
    rows: 3,
    rowsDigest: 'r',
    files: 9,
    bytes: 1000,
    unlisted: [],
    without: [{ picture: 'a.png', what: ['name'] }],
    traces: [],
  };

  it('prints the evidence', async () => {
    const asked: unknown[] = [];
    const verifyIndex = async ({ without }: { readonly without: unknown }) => {
      asked.push(without);
      return found;
    };
    const { status, stdout } = await runCli(['verify', 'i', '--without', 'a.png'], { jobs: { verifyIndex } });
    expect(asked).toEqual([[{ name: 'a.png', path: '/home/somebody/a.png' }]]);
    expect([status, stdout.split('\n').slice(2)]).toEqual([
      0,
      [
        'read       9 files, 1.00 kB: each as its digest says',
        'rows       3, digest r',
        'gone       a.png: looked for its name',
        '',
      ],
    ]);
  });

  it('fails where something is left, or another index comes of the pictures', async () => {
    const traces = [{ picture: 'a.png', what: 'name' as const, file: 'run.jsonl', at: 7 }];
    const jobs = {
      verifyIndex: async () => ({ ...found, traces }),
      repeatBuild: async () => ({ content: 'one', repeated: 'other' }),
    };
    const { status, stdout, stderr } = await runCli(['verify', 'i', '--without', 'a.png', '--forgotten'], { jobs });
    expect(status).toBe(1);
    expect(stdout).toContain('left       a.png');
    expect(stdout).toContain('content    one\nagain      other: not the same');
    expect(stderr).toContain('error: the name of a.png is in run.jsonl, from byte 7 on');
    expect(stderr).toContain('error: i is not what comes of its pictures when it is built again');
  });
});

it('settle and forget say what they did', async () => {
  const settleIndex = async () => ({ index: '/i', digest: 'abcdef0123456789ff', changes, parts: [9, 2] as const });
  const settled = await runCli(['settle', 'i'], { jobs: { settleIndex } });
  expect(settled.stdout).toContain('parts      9 before, 2 now\n');
  const forgetPictures = async () => ({
    ...{ index: '/i', digest: 'd', content: 'c', forgotten: ['a.png'], catalogue: 9, steps: 40 },
  });
  const forgot = await runCli(['forget', 'i', 'a.png'], { jobs: { forgetPictures } });
  expect(forgot.stdout).toContain('forgot     1 picture\n  a.png\n');
  expect(forgot.stdout).toContain('catalogue  9 pictures, 40 steps of training\n');
});
