import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { createProgram } from './cli.ts';
import { services } from './jobs.ts';
import { runCli } from './test-io.fixture.ts';

const program = createProgram(
  { io: { stdout: { write: () => {} }, stderr: { write: () => {} }, env: {}, cwd: '/' }, services },
  { out: '', error: '' },
);
const leaves = (command: Command, path: readonly string[] = []): { path: readonly string[]; command: Command }[] =>
  command.commands.length === 0
    ? [{ path, command }]
    : command.commands.flatMap((each) => leaves(each, [...path, each.name()]));
const COMMANDS = leaves(program);

/** What else a command must be given: a name and a number alike. */
const required = (command: Command): string[] =>
  command.options.flatMap(({ mandatory, long }) => (mandatory && long ? [long, '3'] : []));

const BLANKS = ['', ' ', '\t \n'];

describe('an empty argument is refused with status 2', () => {
  const positionals = COMMANDS.flatMap(({ path, command }) =>
    command.registeredArguments.map((argument, i) => ({ path, command, name: argument.name(), i })),
  );

  it.each(positionals)('$path: $name', async ({ path, command, name, i }) => {
    for (const blank of BLANKS) {
      const words = command.registeredArguments.map((_, at) => (at === i ? blank : 'x'));
      const outcome = await runCli([...path, ...required(command), '--', ...words]);
      expect([outcome.status, outcome.stdout], JSON.stringify(words)).toEqual([2, '']);
      expect(outcome.stderr).toContain(`${name.toUpperCase()} is ${JSON.stringify(blank)}, which names nothing`);
    }
  });

  it('also as a later one of several, and by name of a command', async () => {
    expect((await runCli(['search', 'index', 'a.png', ''])).stderr).toContain('FILES is "", which names nothing');
    for (const argv of [[''], ['dataset', ''], ['help', '']]) expect((await runCli(argv)).status).toBe(2);
  });

  const flags = COMMANDS.flatMap(({ path, command }) =>
    command.options.flatMap((option) => (option.required && option.long ? [{ path, command, flag: option.long }] : [])),
  );

  it.each(flags)('$path $flag', async ({ path, command, flag }) => {
    const words = command.registeredArguments.map(() => 'x');
    for (const blank of BLANKS) {
      const outcome = await runCli([...path, ...words, ...required(command), flag, blank]);
      expect([outcome.status, outcome.stdout], JSON.stringify(blank)).toEqual([2, '']);
      expect(outcome.stderr).toContain(flag);
    }
  });

  it('looks at every command and every flag with a value', () => {
    expect(COMMANDS.length).toBeGreaterThanOrEqual(16);
    expect(positionals.length).toBeGreaterThanOrEqual(14);
    expect(flags.length).toBeGreaterThanOrEqual(60);
  });
});
