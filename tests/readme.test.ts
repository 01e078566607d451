import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** The README's commands are run as they stand there; only the pictures are ours. */
const root = fileURLToPath(new URL('..', import.meta.url));
const bin = join(root, 'packages', 'neurodex', 'bin', 'neurodex.js');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'neurodex-readme-'));

/** Lines of the shell blocks under a heading, without comments. */
const commandsUnder = (heading: string): string[] => {
  const section = readme.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block);
  return blocks.flatMap((block) => block.trim().split('\n')).map((line) => line.replace(/\s+#.*$/, ''));
};

beforeAll(async () => {
  for (const [name, colour] of [
    ['red', '#c22'],
    ['blue', '#22c'],
  ] as const) {
    mkdirSync(join(folder, 'photos', name), { recursive: true });
    for (let i = 0; i < 10; i++) {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"><circle cx="${20 + 2 * i}" cy="24" r="${10 + i}" fill="${colour}"/><path d="M32 24L${32 + 30 * Math.cos(i)} ${24 + 22 * Math.sin(2 * i)}" stroke="#000" stroke-width="4"/></svg>`;
      await sharp(Buffer.from(svg))
        .flatten({ background: '#fff' })
        .jpeg()
        .toFile(join(folder, 'photos', name, `${i}.jpg`));
    }
  }
  copyFileSync(join(folder, 'photos', 'red', '4.jpg'), join(folder, 'query.jpg'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('README.md', () => {
  it('sets up with two commands of one line each, whose parts exist', () => {
    const commands = commandsUnder('Try it');
    expect(commands).toEqual(['npm ci && npx neurodex demo', 'npm ci && npm test']);
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['prepare', 'test', 'bench']));
    expect(existsSync(join(root, 'node_modules', '.bin', 'neurodex'))).toBe(true);
  });

  it('has commands for your own pictures that run, one after the other', () => {
    const commands = commandsUnder('Your own pictures');
    expect(commands).toHaveLength(6);
    for (const command of commands) {
      const words = command.match(/"[^"]*"|\S+/g) ?? [];
      const [npx, name, ...args] = words.map((word) => word.replaceAll('"', ''));
      expect([npx, name]).toEqual(['npx', 'neurodex']);
      const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd: folder, encoding: 'utf8' });
      expect(status, `${command}\n${stderr}`).toBe(0);
      expect(stdout.length, command).toBeGreaterThan(20);
    }
  }, 180_000);

  it('shows pictures and pages that are there', () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(4);
    for (const link of links) expect(existsSync(join(root, link)), link).toBe(true);
  });
});
