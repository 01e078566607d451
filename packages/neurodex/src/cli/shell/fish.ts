import { allCommands, type CommandShape, type FlagShape } from './shape.ts';

/** A completion script for fish, one line for each command and flag. It asks no program. */
export function fishCompletion(program: CommandShape): string {
  const commands = allCommands(program);
  const steps = commands
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => {
      const before = path.slice(0, -1).join(' ');
      return `            case ${quoted(`${before} ${path.at(-1) ?? ''}`)}\n                set command ${quoted(path.join(' '))}`;
    });
  return `# fish completion for neurodex: neurodex completion fish
function __neurodex_command
    set -l words (commandline -opc)
    set -l command ''
    for word in $words[2..-1]
        switch "$command $word"
${steps.join('\n')}
        end
    end
    echo $command
end
function __neurodex_at
    test (__neurodex_command) = "$argv[1]"
end
${commands.flatMap(linesOf).join('\n')}
`;
}

/** Inside of single quotes. */
const quoted = (text: string): string => `'${text.replace(/[\\']/g, (sign) => `\\${sign}`)}'`;

function linesOf({ path, flags, commands, arguments: [first] }: CommandShape): string[] {
  const at = `complete -c neurodex -n ${quoted(`__neurodex_at "${path.join(' ')}"`)}`;
  const words = first?.value.kind === 'words' ? first.value.words : [];
  return [
    ...commands.map((inner) => `${at} -f -a ${inner.path.at(-1) ?? ''} -d ${summaryOf(inner.summary)}`),
    ...(words.length > 0 ? [`${at} -f -a ${quoted(words.join(' '))}`] : []),
    ...flags.map(
      (flag) => `${at} -l ${flag.name.replace(/^--/, '')}${completedBy(flag)} -d ${summaryOf(flag.description)}`,
    ),
  ];
}

const summaryOf = (text: string): string => quoted(text.replace(/\s+/g, ' '));

function completedBy({ value }: FlagShape): string {
  if (value === undefined) return '';
  switch (value.kind) {
    case 'words':
      return ` -x -a ${quoted(value.isList ? `(__fish_append , ${value.words.join(' ')})` : value.words.join(' '))}`;
    case 'path':
      return ' -r -F';
    case 'folder':
      return ` -x -a '(__fish_complete_directories)'`;
    case 'other':
      return ' -x';
  }
}
