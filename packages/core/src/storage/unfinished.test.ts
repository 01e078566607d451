import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completeFolder, type UnfinishedOptions } from './unfinished.ts';

let root = '';
let goal = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-unfinished-'));
  goal = join(root, 'deep', 'index');
});
afterEach(() => rm(root, { recursive: true, force: true }));

const OPTIONS: UnfinishedOptions = {
  force: false,
  resume: false,
  marker: 'index.json',
  ownMarker: 'run.json',
  ownNames: ['first', 'second'],
};

const make = (
  text: string,
  changes: Partial<UnfinishedOptions & { fails: boolean; keeps: boolean }> = {},
): Promise<boolean> => {
  const { fails = false, keeps = true, ...options } = changes;
  return completeFolder(
    goal,
    { ...OPTIONS, ...options },
    async ({ folder, resumed }) => {
      await writeFile(join(folder, 'run.json'), '{}');
      await writeFile(join(folder, resumed ? 'second' : 'first'), text);
      if (fails) throw new TypeError('a bug');
      await writeFile(join(folder, 'index.json'), text);
      await rm(join(folder, 'run.json'));
      return resumed;
    },
    async () => keeps,
  );
};
const beside = () => readdir(join(root, 'deep'));
const content = () => readFile(join(goal, 'index.json'), 'utf8');

describe('completeFolder', () => {
  it('appears when it is complete, without a lock in it', async () => {
    expect(await make('one')).toBe(false);
    expect(await beside()).toEqual(['index']);
    expect((await readdir(goal)).sort()).toEqual(['files.json', 'first', 'index.json']);
    await expect(make('two')).rejects.toMatchObject({ code: 'output-exists' });
    await expect(make('two', { resume: true })).rejects.toMatchObject({ code: 'output-exists' });
    expect(await content()).toBe('one');
  });

  it('keeps what is worth keeping after an error, and goes on with it when it is told to', async () => {
    await expect(make('one', { fails: true })).rejects.toThrow(TypeError);
    expect(await beside()).toEqual(['index.partial']);
    expect((await readdir(`${goal}.partial`)).sort()).toEqual(['first', 'run.json']);
    await expect(make('two')).rejects.toMatchObject({
      code: 'run-unfinished',
      hint: expect.stringMatching(/--resume.*--force/),
    });
    expect(await make('two', { resume: true })).toBe(true);
    expect((await readdir(goal)).sort()).toEqual(['files.json', 'first', 'index.json', 'second']);
    expect(await beside()).toEqual(['index']);
  });

  it('removes what is not worth keeping', async () => {
    await expect(make('one', { fails: true, keeps: false })).rejects.toThrow(TypeError);
    expect(await beside()).toEqual([]);
  });

  it('starts anew with force, and begins where there is nothing to resume', async () => {
    await expect(make('one', { fails: true })).rejects.toThrow(TypeError);
    expect(await make('two', { force: true })).toBe(false);
    expect((await readdir(goal)).sort()).toEqual(['files.json', 'first', 'index.json']);
    await rm(goal, { recursive: true });
    expect(await make('three', { resume: true })).toBe(false);
  });

  it('replaces what is there only when the new one is complete, resumed or not', async () => {
    await make('old');
    await expect(make('new', { force: true, fails: true })).rejects.toThrow(TypeError);
    expect(await content()).toBe('old');
    await expect(make('new', { resume: true })).rejects.toMatchObject({ code: 'output-exists' });
    expect(await make('new', { force: true, resume: true })).toBe(true);
    expect(await content()).toBe('new');
    expect(await beside()).toEqual(['index']);
  });

  it('takes care of what a process left that was killed while it replaced a folder', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    const aside = `${goal}.replaced-${pid}-abc123`;
    const lock = JSON.stringify({ pid, host: hostname(), since: '', token: 'other' });
    await make('old');
    await rename(goal, aside);
    await writeFile(join(aside, 'lock'), lock);
    await mkdir(`${goal}.replaced-mine`);
    await mkdir(`${goal}.replaced-${pid}-abc124`);
    await expect(make('new')).rejects.toMatchObject({ code: 'output-exists' });
    expect(await content()).toBe('old');
    expect((await readdir(goal)).includes('lock')).toBe(false);
    await cp(goal, aside, { recursive: true });
    await writeFile(join(aside, 'lock'), lock);
    await make('new', { force: true });
    expect(await content()).toBe('new');
    expect(await beside()).toEqual(['index', `index.replaced-${pid}-abc124`, 'index.replaced-mine']);
  });

  it('replaces no folder that holds what the program did not make, nor throws it away with an unfinished one', async () => {
    await make('old');
    await writeFile(join(goal, 'CNAME'), 'mine');
    await mkdir(join(goal, '.git', 'objects'), { recursive: true });
    await expect(make('new', { force: true })).rejects.toMatchObject({
      code: 'output-exists',
      message: expect.stringContaining('holds .git/, CNAME, which Neurodex did not write'),
    });
    expect(await content()).toBe('old');
    await rm(goal, { recursive: true });
    await expect(make('one', { fails: true })).rejects.toThrow(TypeError);
    await writeFile(join(`${goal}.partial`, 'notes.txt'), 'mine');
    for (const options of [{ force: true }, { resume: true }]) {
      await expect(make('new', options)).rejects.toMatchObject({
        code: 'output-exists',
        message: expect.stringContaining('notes.txt'),
      });
    }
    expect(await readdir(`${goal}.partial`)).toContain('notes.txt');
  });

  it('leaves alone what is not ours, even with force', async () => {
    await mkdir(`${goal}.partial`, { recursive: true });
    await writeFile(join(`${goal}.partial`, 'thesis.tex'), 'mine');
    for (const options of [{}, { force: true }, { resume: true }]) {
      await expect(make('x', options)).rejects.toMatchObject({
        code: 'output-exists',
        message: expect.stringContaining('.partial holds other things'),
      });
    }
    expect(await readdir(`${goal}.partial`)).toEqual(['thesis.tex']);
    await rm(`${goal}.partial`, { recursive: true });
    await writeFile(`${goal}.partial`, 'a file');
    await expect(make('x', { force: true })).rejects.toMatchObject({ code: 'output-exists' });
  });

  it('is worked on by one process at a time', async () => {
    let others: unknown[] = [];
    await completeFolder(
      goal,
      OPTIONS,
      async ({ folder }) => {
        await writeFile(join(folder, 'run.json'), '{}');
        const tries = [{}, { resume: true }, { force: true }].map((options) => make('theirs', options));
        others = (await Promise.allSettled(tries)).map((result) => 'reason' in result && result.reason.code);
        expect((await readdir(folder)).sort()).toEqual(['lock', 'run.json']);
      },
      async () => true,
    );
    expect(others).toEqual(['run-locked', 'run-locked', 'run-locked']);
  });

  it('does nothing once it is told to stop', async () => {
    await expect(make('x', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'interrupted' });
    expect(await readdir(root)).toEqual([]);
  });
});
