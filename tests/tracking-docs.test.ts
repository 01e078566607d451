import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TRACKER_NAMES } from '@neurodex/tracking';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The commands of docs/tracking.md are run as they stand there; those of other programs must find what they name. */
const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'packages', 'neurodex', 'bin', 'neurodex.js');
const page = readFileSync(join(root, 'docs', 'tracking.md'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'neurodex-tracking-docs-'));

beforeAll(async () => {
  for (const [name, colour] of [
    ['red', '#c22'],
    ['blue', '#22c'],
  ] as const) {
    mkdirSync(join(folder, 'photos', name), { recursive: true });
    for (let i = 0; i < 8; i++) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"><circle cx="${20 + 2 * i}" cy="24" r="${10 + i}" fill="${colour}"/></svg>`;
      await sharp(Buffer.from(svg))
        .flatten({ background: '#fff' })
        .png()
        .toFile(join(folder, 'photos', name, `${i}.png`));
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Variables of trackers would send what a test makes to somebody's account. */
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(WANDB|MLFLOW)_/.test(name)));

describe('docs/tracking.md', () => {
  it('has commands that run, one after the other', () => {
    const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
    const commands = blocks.flatMap((block) => block.trim().split('\n')).map((line) => line.replace(/\s+#.*$/, ''));
    expect(commands).toHaveLength(8);
    const others: string[] = [];
    for (const command of commands) {
      const [program = '', name, ...args] = command.split(' ');
      if (program !== 'npx') {
        others.push(program);
        const path = args.at(-1) ?? '';
        const [parent = '', last = ''] = path.includes('/') ? path.split('/') : ['.', path];
        const pattern = new RegExp(`^${last.replace('*', '.*')}$`);
        const found = readdirSync(join(folder, parent)).filter((entry) => pattern.test(entry));
        expect(found.length, command).toBeGreaterThan(0);
        continue;
      }
      expect(name).toBe('neurodex');
      const ended = spawnSync(process.execPath, [bin, ...args], { cwd: folder, encoding: 'utf8', env: environment });
      expect(ended.status, `${command}\n${ended.stderr}`).toBe(0);
      expect(ended.stdout.length, command).toBeGreaterThan(20);
      if (args.includes('--track')) expect(ended.stderr).toContain('wandb sync');
    }
    expect(others).toEqual(['tensorboard', 'wandb']);
  }, 180_000);

  it('names every tracker, and every kind of line in the run log', () => {
    for (const name of TRACKER_NAMES) expect(page).toContain(`\`${name}\``);
    const source = readFileSync(join(root, 'packages/tracking/src/tracker.ts'), 'utf8');
    const kinds = [...source.matchAll(/kind: '(\w+)'/g)].map(([, kind = '']) => kind);
    expect(kinds.length).toBeGreaterThan(6);
    for (const kind of kinds) expect(page).toContain(`| \`${kind}\` |`);
  });

  it('speaks of the environment variables that the code reads, and of no other', () => {
    const read = new Set<string>();
    for (const file of ['wandb/tracker.ts', 'wandb/sync.ts', 'mlflow/client.ts', 'mlflow/tracker.ts']) {
      const path = join(root, 'packages/tracking/src', file);
      expect(existsSync(path)).toBe(true);
      for (const [, name = ''] of readFileSync(path, 'utf8').matchAll(/env\.((?:WANDB|MLFLOW)_\w+)/g)) read.add(name);
    }
    const told = new Set([...page.matchAll(/`((?:WANDB|MLFLOW)_[A-Z_]+)`/g)].map(([, name = '']) => name));
    expect([...told].sort()).toEqual([...read].sort());
  });

  it('names the version of wandb that the files are like', () => {
    const pinned = /^wandb==(.+)$/m.exec(readFileSync(join(root, 'interop/requirements.txt'), 'utf8'))?.[1];
    const written = /WANDB_VERSION = '(.+)'/.exec(
      readFileSync(join(root, 'packages/tracking/src/wandb/offline-run.ts'), 'utf8'),
    )?.[1];
    expect(written).toBe(pinned);
    expect(page).toContain(`wandb ${pinned}`);
  });
});
