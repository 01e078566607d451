import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completeFolder, type Unfinished, type UnfinishedOptions, unfinishedName } from './unfinished.ts';

let root = '';
let goal = '';
let partial = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-names-'));
  goal = join(root, 'index');
  partial = unfinishedName(goal);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const OPTIONS: UnfinishedOptions = {
  force: false,
  resume: false,
  marker: 'index.json',
  ownMarker: 'run.json',
  ownNames: ['first'],
};
const make = (changes: Partial<UnfinishedOptions> = {}, work: (at: Unfinished) => Promise<void> = async () => {}) =>
  completeFolder(
    goal,
    { ...OPTIONS, ...changes },
    async (at) => {
      await work(at);
      return at;
    },
    async () => true,
  );
const put = async (...names: readonly string[]): Promise<void> => {
  for (const name of names) {
    await mkdir(dirname(join(partial, name)), { recursive: true });
    await writeFile(join(partial, name), '');
  }
};
const foreign = (what: string) => ({
  code: 'output-exists',
  message: `${partial} ${what}, so it is left alone`,
  hint: expect.stringContaining('--out'),
  details: { path: partial },
});

describe('a folder of the name of an unfinished one', () => {
  it('is refused where it is a link, a file or the work of others', async () => {
    expect(partial).toBe(`${goal}.partial`);
    await mkdir(join(root, 'other'));
    await symlink(join(root, 'other'), partial);
    await expect(make({ force: true })).rejects.toMatchObject(foreign('is a symbolic link'));
    await rm(partial);
    await writeFile(partial, '');
    await expect(make({ force: true })).rejects.toMatchObject(foreign('is not a folder'));
    await rm(partial);
    await put('first');
    await expect(make({ force: true })).rejects.toMatchObject(foreign('holds other things than an unfinished run'));
    await put('run.json', 'a', 'b', 'c', 'd', 'e', 'f');
    const holds = /holds (?:[a-f], ){4}[a-f], which Neurodex did not write, so it is left alone$/;
    await expect(make({ resume: true })).rejects.toMatchObject({ message: expect.stringMatching(holds) });
  });

  it.each([
    [[], false],
    [['lock.takeover'], false],
    [['run.json.partial-12-0af'], false],
    [['run.json'], true],
    [['index.json'], true],
    [['run.json', 'index.json', 'first', 'files.json', 'lock.takeover', 'first.partial-1-a/x'], true],
  ])('is one, holding %j: %j', async (names, found) => {
    await mkdir(partial);
    await put(...names);
    if (found) {
      await expect(make()).rejects.toMatchObject({
        code: 'run-unfinished',
        message: `${partial} holds a run that is not finished`,
        details: { path: partial },
      });
      expect(await readdir(partial)).toHaveLength(names.length);
    }
    expect((await make({ resume: true })).resumed).toBe(found);
    expect(await readdir(root)).toEqual(['index']);
  });

  it.each(['run.json.partial-12-', 'run.json.partial-x-0a', 'run.json.partial-1-0ag', 'locks'])(
    'is none, holding %s alone',
    async (name) => {
      await put(name);
      await expect(make({ resume: true })).rejects.toMatchObject(foreign('holds other things than an unfinished run'));
    },
  );
});

it('what was begun is thrown away unless it is gone on with', async () => {
  const inside: string[][] = [];
  const look = async ({ folder }: Unfinished) => {
    inside.push((await readdir(folder)).sort());
  };
  await put('run.json', 'first.partial-1-a/x');
  await make({ force: true }, look);
  await put('run.json', 'first');
  await make({ force: true, resume: true, marker: 'files.json' }, look);
  expect(inside).toEqual([['lock'], ['first', 'lock', 'run.json']]);
});

it('an error is told of the target, and leaves no lock', async () => {
  const failing = async ({ folder }: Unfinished): Promise<void> => {
    await writeFile(join(folder, 'run.json'), '');
    throw Object.assign(new Error('full'), { code: 'ENOSPC', path: join(folder, 'x') });
  };
  await expect(make({}, failing)).rejects.toMatchObject({
    code: 'disk-full',
    message: `no space left on the disk while writing ${goal}`,
  });
  expect(await readdir(partial)).toEqual(['run.json']);
});
