import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './test-io.fixture.ts';

const help = await runCli(['--help']);
/** The commands that the help lists. */
const commands = [...help.stdout.matchAll(/^ {2}([a-z]+) .*$/gm)]
  .map(([, name = '']) => name)
  .filter((name) => name !== 'help' && name !== 'neurodex');
/** Flags that docs/cli.md explains for all commands at once. */
const COMMON = ['--json', '--quiet', '--help', '--device'];

let docs = '';
beforeAll(async () => {
  docs = await readFile(new URL('../../../../docs/cli.md', import.meta.url), 'utf8');
});

describe('docs/cli.md', () => {
  it('knows of commands', () => expect(commands.length).toBeGreaterThan(7));

  it.each(commands)('has %s with every flag that its help has, and no other', async (command) => {
    const usage = /```\n([\s\S]*?)```/.exec(docs)?.[1] ?? '';
    // A usage may run over several lines, which are indented, and a command may have more than one.
    const own = usage
      .split(/^(?=neurodex )/m)
      .filter((lines) => lines.startsWith(`neurodex ${command} `))
      .join('\n');
    const flagsIn = (text: string) => new Set(text.match(/--[a-z]+/g));
    const { stdout } = await runCli(['help', command]);
    const options = stdout.slice(stdout.indexOf('Options:'), stdout.indexOf('Examples:'));
    const offered = [...options.matchAll(/^ {2}(--[a-z]+)/gm)].map(([, flag = '']) => flag);
    expect([...flagsIn(own)].sort()).toEqual(offered.filter((flag) => !COMMON.includes(flag)).sort());
    expect(docs).toContain(`| \`${command}\` |`);
  });
});
