import { NeurodexError } from '@neurodex/core';
import type { Command } from 'commander';
import { nearest } from '../../configuration/nearest.ts';
import { refuseBlankArguments, suggesting } from '../arguments.ts';
import { type CommonFlags, type Context, perform, withCommonFlags, withExamples } from '../command.ts';
import { COMPLETIONS, SHELLS, type Shell } from '../shell/completions.ts';
import { shapeOf } from '../shell/shape.ts';

export function addCompletion(program: Command, context: Context): void {
  const command = program
    .command('completion')
    .summary('print a script that completes command lines in a shell')
    .description(
      'Print a script with which bash, zsh or fish completes commands, flags and their values. It holds all that it needs,\n' +
        'and starts no program.',
    )
    .argument('<shell>', SHELLS.join(', '), suggesting(parseShell, SHELLS));
  withCommonFlags(command);
  withExamples(command, [
    ['neurodex completion bash > ~/.local/share/bash-completion/completions/neurodex', 'for bash with bash-completion'],
    ['source <(neurodex completion bash)', 'for bash as it is, in ~/.bashrc'],
    [
      'neurodex completion zsh > ~/.zfunc/_neurodex',
      'for zsh, with fpath=(~/.zfunc $fpath) before compinit in ~/.zshrc',
    ],
    ['neurodex completion fish > ~/.config/fish/completions/neurodex.fish', 'for fish'],
  ]);
  command.action(async (shell: Shell, flags: CommonFlags) => {
    await perform(context, flags, { unwinds: false }, async () => {
      const script = COMPLETIONS[shell](shapeOf(program));
      return { json: { shell, script }, text: script.trimEnd() };
    });
  });
}

function parseShell(text: string): Shell {
  refuseBlankArguments([text], ['shell']);
  const found = SHELLS.find((shell) => shell === text);
  if (found !== undefined) return found;
  throw new NeurodexError(
    'usage',
    `there is no completion for ${JSON.stringify(text)}, only for ${SHELLS.join(', ')}`,
    {
      hint: `did you mean neurodex completion ${nearest(text, SHELLS)}?`,
      details: { value: text },
    },
  );
}
