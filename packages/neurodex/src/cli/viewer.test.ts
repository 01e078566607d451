import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { launchViewer, show, viewerFor } from './viewer.ts';

const TARGET = '/tmp/answers.html';
const GRAPHICAL = { DISPLAY: ':0' };

describe('the viewer', () => {
  it.each([
    ['linux', GRAPHICAL, 'xdg-open', [TARGET]],
    ['freebsd', { WAYLAND_DISPLAY: 'wayland-0' }, 'xdg-open', [TARGET]],
    ['darwin', {}, 'open', [TARGET]],
    ['win32', {}, 'cmd', ['/d', '/s', '/c', `"start "" "${TARGET}""`]],
  ] as const)('of %s with %j is %s', (platform, env, command, args) => {
    expect(viewerFor(TARGET, platform, env)).toEqual({ command, args });
  });

  it.each([
    ['linux', {}, 'there is no display'],
    ['linux', { DISPLAY: '' }, 'there is no display'],
    ['linux', { ...GRAPHICAL, SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' }, 'over SSH'],
    ['darwin', { SSH_TTY: '/dev/ttys001' }, 'over SSH'],
  ] as const)('of %s with %j is none: %s', (platform, env, reason) => {
    expect(viewerFor(TARGET, platform, env)).toContain(reason);
  });
});

describe('showing', () => {
  const io = {
    stdout: { write: () => {} },
    stderr: { write: () => {} },
    env: GRAPHICAL,
    cwd: '/',
    platform: 'linux',
  } as const;

  it('says why nothing was shown', async () => {
    const failing = (error: unknown) => show(TARGET, { ...io, launch: () => Promise.reject(error) });
    expect(await failing(Object.assign(new Error('spawn'), { code: 'ENOENT' }))).toBe(
      'the program xdg-open is not installed',
    );
    expect(await failing(new Error('exit status 3'))).toBe('xdg-open failed (exit status 3)');
    expect(await show(TARGET, io)).toBe('no program may be started here');
    const launch = vi.fn(async () => {});
    expect(await show(TARGET, { ...io, launch })).toBeUndefined();
    expect(await show(TARGET, { ...io, env: {}, launch })).toContain('no display');
    expect(launch.mock.calls).toEqual([[{ command: 'xdg-open', args: [TARGET] }]]);
  });
});

describe.skipIf(process.platform === 'win32')('starting a program', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neurodex-viewer-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const program = async (script: string): Promise<string> => {
    const file = join(folder, 'viewer');
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
    return file;
  };

  it('hands it the file, whatever it is called', async () => {
    const command = await program(`printf '%s' "$1" > ${folder}/seen`);
    const target = `${folder}/a "b" $(c) é.html`;
    await launchViewer({ command, args: [target] });
    expect(await readFile(join(folder, 'seen'), 'utf8')).toBe(target);
  });

  it('waits no longer than to see that it stays open', async () => {
    await launchViewer({ command: await program('sleep 5'), args: [] });
  });

  it('says how it failed', async () => {
    await expect(launchViewer({ command: await program('exit 3'), args: [] })).rejects.toThrow('exit status 3');
    await expect(launchViewer({ command: join(folder, 'none'), args: [] })).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
