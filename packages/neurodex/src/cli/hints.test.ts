import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NeurodexError } from '@neurodex/core';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from './cli.ts';
import { fittingHint, flagsIn } from './hints.ts';
import { services } from './jobs.ts';
import { jsonError, runCli } from './test-io.fixture.ts';

const program = createProgram(
  { io: { stdout: { write: () => {} }, stderr: { write: () => {} }, env: {}, cwd: '/' }, services },
  { out: '', error: '' },
);
const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
const COMMANDS = all(program);
const named = (...path: string[]): Command =>
  path.reduce((command, name) => command.commands.find((each) => each.name() === name) as Command, program);
const flags = (command: Command): string[] => [...command.options.flatMap(({ long }) => long ?? []), '--help'];

/** The hints of the program, as its sources have them. */
const PACKAGES = fileURLToPath(new URL('../../..', import.meta.url));
const HINTS = ['core', 'datasets', 'tracking', 'objects', 'neurodex']
  .flatMap((name) =>
    readdirSync(join(PACKAGES, name, 'src'), { recursive: true, encoding: 'utf8' }).map((file) =>
      join(name, 'src', file),
    ),
  )
  .filter((file) => file.endsWith('.ts') && !/\.(test|fixture|contract)\.ts$/.test(file))
  .flatMap((file) => {
    const text = readFileSync(join(PACKAGES, file), 'utf8');
    const literals = text.matchAll(
      /\b(?:hint|HINT|REBUILD)\b[^;{}]{0,80}?(?:'((?:\\.|[^'\\])*)'|`((?:\\.|[^`\\])*)`)/g,
    );
    return [...literals].map(([, single, template]) => (single ?? template ?? '').replaceAll('\\`', '`'));
  });

describe('hints', () => {
  it('name only flags that the command has, whichever it is', () => {
    expect(HINTS.length).toBeGreaterThan(150);
    for (const command of COMMANDS) {
      for (const hint of HINTS) {
        const foreign = flagsIn(fittingHint(hint, command) ?? '').filter((flag) => !flags(command).includes(flag));
        expect(foreign, `${command.name()}: ${hint}`).toEqual([]);
      }
    }
  });

  it('name flags of some command, and command lines that there are', () => {
    const known = new Set(COMMANDS.flatMap(flags));
    for (const hint of HINTS) {
      for (const flag of flagsIn(hint)) expect(known.has(flag), `${flag} in: ${hint}`).toBe(true);
      for (const [, name = '', rest = ''] of hint.matchAll(/`neurodex ([a-z]+)([^`]*)`/g)) {
        const outer = program.commands.find((each) => each.name() === name);
        expect(outer, hint).toBeDefined();
        const [inner] = rest.trim().split(' ');
        const command = outer?.commands.find((each) => each.name() === inner) ?? outer;
        for (const flag of rest.match(/--[a-z-]+/g) ?? []) expect(flags(command as Command), hint).toContain(flag);
      }
    }
  });

  it.each([
    ['choose another name, or replace it with --force', 'search', 'choose another name'],
    ['choose another name, or replace it with --force', 'index', 'choose another name, or replace it with --force'],
    ['free some space, or choose another folder with --out', 'inspect', 'free some space'],
    ['replace it with --force', 'search', undefined],
    ['go on with --resume; or wait', 'runs', 'or wait'],
    [
      'build it again with `neurodex index … --systems dsi,pixels`',
      'runs',
      'build it again with `neurodex index … --systems dsi,pixels`',
    ],
    ['see neurodex index --help', 'runs', 'see neurodex index --help'],
  ])('%j for %s', (hint, command, left) => {
    expect(fittingHint(hint, named(command))).toBe(left);
  });

  it('of compare names its own flag', async () => {
    const { compareIndexes } = services.jobs;
    const outcome = await runCli(['compare', 'x', '--qrels', 'q', '--json'], {
      jobs: { ...services.jobs, compareIndexes },
    });
    const hint = (jsonError(outcome) as { hint: string }).hint;
    expect(hint).toContain('--systems dsi,pixels');
  });

  it('is left out where nothing of it fits', async () => {
    const error = new NeurodexError('output-exists', 'x already exists', { hint: 'replace it with --force' });
    const outcome = await runCli(['search', 'x', 'y'], { jobs: { searchIndex: () => Promise.reject(error) } });
    expect(outcome).toEqual({ status: 1, stdout: '', stderr: 'error: x already exists\n' });
  });
});
