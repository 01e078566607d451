import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './test-io.fixture.ts';

/** The commands that a help lists. */
const listed = async (...command: string[]): Promise<string[]> => {
  const { stdout } = await runCli([...command, '--help']);
  const [, names = ''] = stdout.split(/^Commands:$/m);
  return [...names.matchAll(/^ {2}([a-z]+) .*$/gm)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'help' && name !== 'neurodex');
};
/** Every command; where one has commands of its own, those: 'dataset build'. */
const commands: string[] = [];
for (const command of await listed()) {
  const inner = await listed(command);
  commands.push(...(inner.length === 0 ? [command] : inner.map((name) => `${command} ${name}`)));
}
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
    const flagsIn = (text: string) => new Set(text.match(/--[a-z]+(?:-[a-z]+)*/g));
    const { stdout } = await runCli([...command.split(' '), '--help']);
    const options = stdout.slice(stdout.indexOf('Options:'), stdout.indexOf('Examples:'));
    const offered = [...options.matchAll(/^ {2}(--[a-z]+(?:-[a-z]+)*)/gm)].map(([, flag = '']) => flag);
    expect([...flagsIn(own)].sort()).toEqual(offered.filter((flag) => !COMMON.includes(flag)).sort());
    expect(docs).toContain(`| \`${command}\` |`);
  });
});
