import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PAGES_FOLDER, writePages } from '../../export/pages.fixture.ts';
import { type SiteOptions, writeSite } from '../../jobs/write-site.ts';
import { browserConfig } from '../../presets/browser.ts';
import { jsonError, runCli } from '../test-io.fixture.ts';

const written = { folder: '/home/somebody/site', files: [{ file: 'index.html', bytes: 1200 }] };

describe('neurodex site hands on', () => {
  const job = vi.fn(async (_: SiteOptions) => written);
  beforeEach(() => job.mockClear());

  it('where to, the configuration for browsers, seed 0, and says what the host has to do', async () => {
    const { status, stdout, stderr } = await runCli(['site', '--out', 'site'], { jobs: { writeSite: job } });
    expect([status, stderr]).toEqual([0, '']);
    expect(job.mock.calls[0]?.[0]).toMatchObject({
      out: '/home/somebody/site',
      config: browserConfig,
      seed: 0,
      force: false,
    });
    expect(stdout).toBe(
      [
        'static site       site: 1 file, 1.20 kB',
        'headers           its host has to send those in site/_headers, so that indexing runs on several threads',
        'address           https, or localhost: browsers keep no index of a page that came otherwise',
        '',
      ].join('\n'),
    );
  });

  it('what was set, the seed and --force, and prints one object for programs', async () => {
    const flags = ['--set', 'training.seeSteps=40', '--set', 'model.width=32', '--seed', '7', '--force', '--json'];
    const { status, stdout } = await runCli(['site', '--out', '/s', ...flags], { jobs: { writeSite: job } });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual(written);
    expect(job.mock.calls[0]?.[0]).toMatchObject({
      out: '/s',
      seed: 7,
      force: true,
      config: {
        ...browserConfig,
        training: { ...browserConfig.training, seeSteps: 40 },
        model: { ...browserConfig.model, width: 32 },
      },
    });
  });

  it('its progress, which --quiet leaves out', async () => {
    const telling = async ({ reporter }: SiteOptions) => {
      for (const done of [1, 2]) reporter.progress({ phase: 'export', done, total: 2, unit: 'files' });
      return written;
    };
    let time = 0;
    const slow = { jobs: { writeSite: telling }, io: { now: () => (time += 60_000) } };
    const loud = await runCli(['site', '--out', 'site'], slow);
    const quiet = await runCli(['site', '--out', 'site', '--quiet'], slow);
    expect(loud.stderr).toMatch(/export.*2.*files/);
    expect([quiet.status, quiet.stderr, quiet.stdout]).toEqual([0, '', loud.stdout]);
  });
});

describe('neurodex site refuses', () => {
  it.each([
    [['site'], 'usage', /--out <folder>/],
    [['site', '--out', ''], 'usage', /--out/],
    [['site', '--out', 's', 'photos'], 'usage', /takes fewer arguments/],
    [['site', '--out', 's', '--seed', 'x'], 'usage', /--seed/],
    [['site', '--out', 's', '--device', 'webgpu'], 'unknown-flag', /--device/],
    [['site', '--out', 's', '--set', 'training.seeSteps'], 'usage', /does not have the form key=value/],
    [['site', '--out', 's', '--set', 'training.seeStep=3'], 'config-unknown-key', /training\.seeStep/],
    [['site', '--out', 's', '--set', 'training.seeSteps=x'], 'config-invalid', /training\.seeSteps/],
  ])('%j: %s, before any work', async (argv, code, message) => {
    const refused = await runCli([...argv, '--json']);
    const error = jsonError(refused);
    expect([refused.status, error.code, refused.stdout]).toEqual([2, code, '']);
    expect(error.message).toMatch(message);
  });

  it('an error of its work in words, without a stack trace', async () => {
    const failing = async () => {
      throw new NeurodexError('output-exists', 'site is there', { hint: 'choose another name' });
    };
    const { status, stdout, stderr } = await runCli(['site', '--out', 'site'], { jobs: { writeSite: failing } });
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('site is there');
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe('neurodex site with its job', () => {
  let cwd = '';
  beforeEach(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'neurodex-site-'));
    await writePages(join(cwd, PAGES_FOLDER));
  });
  afterEach(() => rm(cwd, { recursive: true, force: true }));
  const site = (...flags: string[]) =>
    runCli(['site', ...flags], {
      jobs: { writeSite: (options) => writeSite({ ...options, pages: join(cwd, PAGES_FOLDER) }) },
      io: { cwd },
    });

  it('writes one, refuses to write it again, and replaces it with --force alone', async () => {
    expect((await site('--out', 'site', '--quiet')).status).toBe(0);
    const again = await site('--out', 'site', '--seed', '2');
    expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('--force')]);
    const settings = async () => JSON.parse(await readFile(join(cwd, 'site', 'settings.json'), 'utf8'));
    expect((await settings()).seed).toBe(0);
    expect((await site('--out', 'site', '--seed', '2', '--force')).status).toBe(0);
    expect((await settings()).seed).toBe(2);
    expect((await readdir(cwd)).sort()).toEqual([PAGES_FOLDER, 'site']);
  });

  it('leaves a folder that it did not make as it is, with --force too', async () => {
    for (const flags of [[], ['--force']]) {
      const refused = await site('--out', PAGES_FOLDER, ...flags, '--json');
      expect([refused.status, jsonError(refused).code]).toEqual([1, 'output-exists']);
    }
    await writeFile(join(cwd, 'file'), 'mine');
    const refused = await site('--out', 'file', '--force', '--json');
    expect([refused.status, await readFile(join(cwd, 'file'), 'utf8')]).toEqual([1, 'mine']);
  });

  it('tells with one error of all that a browser does not do, and advises with flags that it has', async () => {
    const flags = ['--set', 'dataset.dedupe=true', '--set', 'text.tokens=32'];
    const refused = await site('--out', 'site', ...flags, '--json');
    const error = jsonError(refused);
    expect([refused.status, error.code]).toEqual([2, 'config-invalid']);
    expect(error.details).toMatchObject({ keys: expect.arrayContaining(['dataset.dedupe', 'text.tokens']) });
    for (const flag of `${error.message} ${error.hint}`.match(/--[a-z-]+/g) ?? [])
      expect(['--set', '--out', '--seed', '--force']).toContain(flag);
    expect((await readdir(cwd)).sort()).toEqual([PAGES_FOLDER]);
  });
});
