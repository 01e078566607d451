import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { variables } from '../doctor/environment.ts';
import { createProgram } from './cli.ts';
import { services } from './jobs.ts';
import { manualPage } from './manual-page.ts';
import { allCommands, shapeOf } from './shell/shape.ts';

const file = fileURLToPath(new URL('../../man/neurodex.1', import.meta.url));
const isInstalled = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;

it('is as npm run docs writes it', async () => {
  expect(await readFile(file, 'utf8')).toBe(manualPage());
});

it('is declared in package.json, and published', async () => {
  const manifest: unknown = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(manifest).toMatchObject({ man: './man/neurodex.1', files: expect.arrayContaining(['man']) });
});

describe.skipIf(!isInstalled('mandoc'))('by mandoc', () => {
  it('has no errors, and no warning but that it has no date', () => {
    const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', file], { encoding: 'utf8' });
    expect(stdout.split('\n').filter((line) => line !== '' && !line.includes('missing date'))).toEqual([]);
  });

  it('shows every command, flag and variable', () => {
    const { stdout } = spawnSync('mandoc', ['-T', 'utf8', '-O', 'width=200', file], { encoding: 'utf8' });
    // Bold and underlined signs are printed twice, with a backspace between.
    const shown = stdout.replace(new RegExp(`.${String.fromCharCode(8)}`, 'gu'), '');
    const io = { stdout: { write: () => {} }, stderr: { write: () => {} }, env: {}, cwd: '/' };
    const program = shapeOf(createProgram({ io, services }, { out: '', error: '' }));
    for (const { path, flags, examples } of allCommands(program)) {
      if (path.length === 0) continue;
      if (flags.length > 1) expect(shown).toContain(`neurodex ${path.join(' ')}`);
      for (const { name } of flags) expect(shown).toContain(name);
      for (const [line] of examples) expect(shown.replace(/\s+/g, ' ')).toContain(line);
    }
    for (const [name] of variables()) expect(shown).toContain(name);
  });
});

describe.skipIf(!isInstalled('man'))('by man', () => {
  it('is read without a warning', () => {
    const { stdout, stderr, status } = spawnSync('man', ['--warnings=all', '-l', file], {
      ...{ encoding: 'utf8', env: { ...process.env, MANPAGER: 'cat', MANWIDTH: '100', LC_ALL: 'C.UTF-8' } },
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('NEURODEX(1)');
  });
});
