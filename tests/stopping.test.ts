import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** No command hangs: not on what it is given, not where it is, and not when it is told to stop. */
const bin = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'neurodex-stopping-'));
const PATIENCE = 60_000;

const neurodex = (args: readonly string[], cwd = folder) =>
  spawnSync(process.execPath, [bin, ...args], { cwd, encoding: 'utf8', timeout: PATIENCE });

beforeAll(async () => {
  mkdirSync(join(folder, 'photos'));
  for (let i = 0; i < 12; i++) {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"><circle cx="${6 + i}" cy="12" r="5" fill="#c22"/></svg>`;
    await sharp(Buffer.from(svg))
      .flatten({ background: '#fff' })
      .png()
      .toFile(join(folder, 'photos', `${i}.png`));
  }
  execFileSync('mkfifo', [join(folder, 'pipe'), join(folder, 'pipe.zip'), join(folder, 'pipe.jsonl')]);
  mkdirSync(join(folder, 'index'));
  execFileSync('mkfifo', [join(folder, 'index', 'index.json')]);
  writeFileSync(join(folder, 'file'), '');
  symlinkSync(join(folder, 'circle'), join(folder, 'circle'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(process.platform === 'win32')('what can be read for ever is not opened', () => {
  it.each([
    [['index', 'pipe', '--out', 'x'], 'is a pipe'],
    [['index', 'pipe.zip', '--out', 'x'], 'is a pipe'],
    [['index', 'pipe.jsonl', '--out', 'x'], 'is a pipe'],
    [['index', 'imagenette', '--from', 'pipe', '--out', 'x'], 'is a pipe'],
    [['index', 'photos', '--out', 'x', '--config', 'pipe'], 'is a pipe'],
    [['index', 'photos', '--out', 'x', '--set', 'encoder.file=/dev/zero'], 'is a device'],
    [['index', 'photos', '--out', 'x', '--set', 'training.initialise=pipe', '--preset', 'quick'], 'is a pipe'],
    [['search', 'index', 'photos/1.png'], 'is a pipe'],
    [['inspect', 'index'], 'is a pipe'],
    [['keypoints', '/dev/zero'], 'is a device'],
    [['study', 'pipe', '--out', 's'], 'is a pipe'],
    [['evaluate', '--qrels', 'pipe', '--run', 'pipe'], 'is a pipe'],
  ] as const)('%j', (args, words) => {
    const { status, stderr, signal } = neurodex(args);
    expect(signal).toBeNull();
    expect(status).toBeGreaterThan(0);
    expect(stderr).toContain(words);
    expect(stderr).not.toMatch(/internal error|^\s+at /m);
  });
});

describe('folders that cannot be made', () => {
  it.each([
    ['file/x', 'a part of that path is a file'],
    ['circle/x', 'lead in a circle'],
    ['x'.repeat(300), 'too long'],
    ...(process.platform === 'linux' ? ([['/proc/x/y', 'takes no new folders']] as const) : []),
  ] as const)('--out %s', (out, words) => {
    for (const command of [
      ['index', 'photos'],
      ['dataset', 'build', 'photos'],
      ['dataset', 'show', 'photos'],
    ]) {
      const { status, stderr, signal } = neurodex([...command, '--preset', 'quick', '--out', out]);
      expect([signal, status]).toEqual([null, 1]);
      expect(stderr).toContain(words);
      expect(stderr).not.toContain('.partial');
    }
  });
});

it.skipIf(process.platform === 'win32')('a working directory that has been deleted is told in words', () => {
  const gone = join(folder, 'gone');
  for (const args of [
    ['dataset', 'list'],
    ['index', 'photos', '--out', 'x'],
    ['inspect', 'x'],
    ['runs', 'x'],
  ]) {
    mkdirSync(gone);
    const script = `process.chdir(${JSON.stringify(gone)}); require('fs').rmdirSync(${JSON.stringify(gone)});
      const { status, stdout, stderr } = require('child_process').spawnSync(process.execPath, ${JSON.stringify([bin, ...args])}, { encoding: 'utf8' });
      process.stdout.write(JSON.stringify({ status, stdout, stderr }));`;
    const told = JSON.parse(spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stdout);
    expect(told).toMatchObject({ status: 1, stdout: '' });
    expect(told.stderr).toMatch(/^error: the working directory is not there any more\nhint: /);
  }
});

describe.skipIf(process.platform === 'win32')('a signal', () => {
  /** Starts training, waits until it is time, sends a signal. @returns what ended the process, or 'HANGS' */
  const stopped = (
    args: readonly string[],
    isTime: (heard: string) => boolean,
    signal: NodeJS.Signals,
    later = 0,
  ): Promise<string | number> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [bin, ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
      let heard = '';
      let sent = false;
      child.stderr.on('data', (data: Buffer) => {
        heard += data.toString();
      });
      const watch = setInterval(() => {
        if (!isTime(heard)) return;
        clearInterval(watch);
        sent = true;
        setTimeout(() => {
          child.kill(signal);
          // Far more than it may take, and far less than what it waits for would.
          setTimeout(() => {
            if (child.exitCode !== null || child.signalCode !== null) return;
            child.kill('SIGKILL');
            resolve('HANGS');
          }, 20_000).unref();
        }, later);
      }, 20);
      child.on('close', (status, by) => {
        clearInterval(watch);
        if (sent) resolve(by ?? status ?? 0);
        else reject(new Error(heard));
      });
    });
  const training = ['index', 'photos', '--preset', 'quick', '--systems', 'dsi', '--json', '--set', 'pictures.size=16'];
  const small = ['--set', 'model.width=16', '--set', 'model.feedForwardWidth=16', '--set', 'model.heads=1'];

  it('ends a network of 1,000 layers while it is compiled', async () => {
    const deep = [...training, ...small, '--set', 'model.layers=1000', '--force', '--out'];
    const ends: [signal: string, by: string | number][] = [];
    for (const [i, signal] of (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).entries()) {
      // The stage before training has left its record.
      const record = join(folder, `deep${i}.partial`, 'work', 'identify.json');
      ends.push([signal, await stopped([...deep, `deep${i}`], () => existsSync(record), signal, 500 + 2500 * i)]);
    }
    // Before the network is compiled, which a busy machine may not have begun, the program stops as it does elsewhere.
    for (const [signal, by] of ends) expect([signal, 1]).toContain(by);
    expect(ends.filter(([signal, by]) => by === signal)).not.toEqual([]);
  }, 180_000);

  it('lets training write a checkpoint, a closed terminal too', async () => {
    const long = [...training, '--set', 'training.indexingEpochs=100000', '--set', 'training.patience=0', '--out'];
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      expect(await stopped([...long, `long${signal}`], (heard) => heard.includes('"joint"'), signal)).toBe(1);
  }, 180_000);
});

it('a reader that has seen enough is no failure', () => {
  const { status } = spawnSync(
    'sh',
    ['-c', `"${process.execPath}" "${bin}" dataset list --json | head -c 1; "${process.execPath}" "${bin}" --help >&-`],
    { cwd: folder, timeout: PATIENCE },
  );
  expect(status).toBe(0);
});
