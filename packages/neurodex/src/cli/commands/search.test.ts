import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import sharp from 'sharp';
import { describe, expect, it, vi } from 'vitest';
import type { SearchOptions } from '../../jobs/search.ts';
import { readKitty } from '../terminal/sequences.fixture.ts';
import { jsonError, runCli } from '../test-io.fixture.ts';

const answer = { rank: 1, identifier: '0.1', picture: 'a.png', label: 'cat', score: 0.5, relevance: null };
const result = { query: '/home/somebody/q.png', none: null, nothingFound: false, answers: [answer] };

/** Runs a search whose job answers; what it was asked, and what was opened. */
async function searched(flags: readonly string[], env: Record<string, string> = { DISPLAY: ':0' }) {
  const searchIndex = vi.fn(async (_: SearchOptions) => ({ results: [result] }));
  const launch = vi.fn(async () => {});
  const io = { env, launch, platform: 'linux' as const };
  const outcome = await runCli(['search', 'photos.index', 'q.png', ...flags], { jobs: { searchIndex }, io });
  return { outcome, options: searchIndex.mock.calls[0]?.[0], launch };
}

describe('search --html', () => {
  it('names the page, and the index as the user does', async () => {
    const { outcome, options, launch } = await searched(['--html', 'my answers.html']);
    expect(options).toMatchObject({ html: '/home/somebody/my answers.html', pictures: false });
    expect([...(options?.names ?? [])]).toEqual([
      ['/home/somebody/q.png', 'q.png'],
      ['/home/somebody/photos.index', 'photos.index'],
    ]);
    expect(outcome.stdout).toMatch(/\n\npage {2}'my answers.html'\n$/);
    expect(launch).not.toHaveBeenCalled();
    const { outcome: json } = await searched(['--html', 'a.html', '--json']);
    expect(JSON.parse(json.stdout)).toEqual({
      results: [{ ...result, query: 'q.png' }],
      page: '/home/somebody/a.html',
    });
  });

  it('is not written, and no folder is made, without the flags', async () => {
    const { outcome, options } = await searched([]);
    expect(options?.html).toBeUndefined();
    expect(outcome.stdout).not.toContain('page');
  });

  it('needs a name', async () => {
    const { outcome } = await searched(['--html', '', '--json']);
    expect([outcome.status, jsonError(outcome).message]).toEqual([2, '--html needs a value, and "" follows it']);
  });
});

describe('search --open', () => {
  it('opens a page in a temporary folder, or that of --html', async () => {
    const { options, launch, outcome } = await searched(['--open']);
    const page = options?.html ?? '';
    expect(dirname(dirname(page))).toBe(tmpdir());
    expect(launch.mock.calls).toEqual([[{ command: 'xdg-open', args: [page] }]]);
    expect([outcome.status, outcome.stderr]).toEqual([0, '']);
    expect(outcome.stdout).toContain(`page  ${page}\n`);
    await rm(dirname(page), { recursive: true });
    const named = await searched(['--open', '--html', 'a.html']);
    expect(named.launch.mock.calls).toEqual([[{ command: 'xdg-open', args: ['/home/somebody/a.html'] }]]);
  });

  it.each([
    [{}, 'there is no display'],
    [{ DISPLAY: ':0', SSH_CONNECTION: 'a' }, 'this is a session over SSH'],
  ])('says where the page is where nothing can be shown: %j', async (env, reason) => {
    const { outcome, launch } = await searched(['--open', '--html', 'a.html'], env);
    expect(launch).not.toHaveBeenCalled();
    expect(outcome.status).toBe(0);
    expect(outcome.stderr).toContain(`the page was not opened: ${reason}`);
    expect(outcome.stderr).toContain('It is in /home/somebody/a.html');
  });

  it('leaves no folder where nothing was found', async () => {
    const asked: SearchOptions[] = [];
    const searchIndex = async (options: SearchOptions): Promise<never> => {
      asked.push(options);
      expect(existsSync(dirname(options.html ?? ''))).toBe(true);
      throw new NeurodexError('index-missing', 'there is no index');
    };
    const outcome = await runCli(['search', 'none', 'q.png', '--open'], { jobs: { searchIndex } });
    expect(outcome.status).toBe(1);
    expect(existsSync(dirname(asked[0]?.html ?? join(tmpdir(), 'none', 'x')))).toBe(false);
  });
});

describe('search --inline', () => {
  const kitty = { TERM: 'xterm-kitty' };
  const jpeg = sharp({ create: { width: 9, height: 9, channels: 3, background: '#00f' } })
    .jpeg()
    .toBuffer();

  async function drawn(flags: readonly string[], { isTTY = true, env = kitty as Record<string, string> } = {}) {
    const searchIndex = vi.fn(async ({ pictures }: SearchOptions) => ({
      results: [result],
      ...(pictures ? { pictures: [{ query: await jpeg, answers: [await jpeg] }] } : {}),
    }));
    let stdout = '';
    const write = (more: string) => {
      stdout += more;
    };
    const outcome = await runCli(['search', 'photos.index', 'q.png', ...flags], {
      jobs: { searchIndex },
      io: { env, stdout: { isTTY, columns: 80, write } },
    });
    return { status: outcome.status, stderr: outcome.stderr, stdout, asked: searchIndex.mock.calls[0]?.[0].pictures };
  }

  it('draws between the name of a query and its list, where the terminal takes pictures', async () => {
    const { stdout, asked } = await drawn([]);
    expect(asked).toBe(true);
    const [name = '', strip = '', ...list] = stdout.split('\n');
    expect(name).toBe('q.png');
    expect(readKitty(strip).columns).toBe(28);
    expect(list.join('\n')).toBe((await drawn(['--inline', 'none'])).stdout.replace('q.png\n', ''));
  });

  it.each([
    ['a file', [], { isTTY: false }],
    ['none', ['--inline', 'none'], {}],
    ['--json', ['--json'], {}],
    ['a dumb terminal', [], { env: { TERM: 'dumb' } }],
  ] as const)('draws nothing: %s', async (_, flags, options) => {
    const { stdout, asked } = await drawn(flags, options);
    expect(asked).toBe(false);
    expect(stdout).not.toContain('\u001b');
  });

  it.each([
    [['--inline', 'kitty', '--json'], kitty, '--inline kitty draws in a terminal, and --json prints one object'],
    [['--inline', 'sixels'], kitty, 'did you mean --inline sixel?'],
    [['--inline', 'iterm2'], { ...kitty, TMUX: 'x' }, 'tmux does not take pictures by the protocol of iterm2'],
  ] as const)('refuses %j', async (flags, env, message) => {
    const { status, stderr, stdout } = await drawn(flags, { env });
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});
