import { allCommands, type CommandShape, type FlagShape } from './shape.ts';

/**
 * A completion script for bash, from 3.2 on (that of macOS) and without the package bash-completion. It asks no program: all that there
 * is to know is in it.
 */
export function bashCompletion(program: CommandShape): string {
  const commands = allCommands(program);
  return `# bash completion for neurodex: neurodex completion bash
_neurodex() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}" command="" flags="" words="" list="" i
  COMPREPLY=()
  # bash takes --flag=value apart at the sign.
  if [[ $cur == "=" ]]; then
    cur=""
  elif [[ $prev == "=" && $COMP_CWORD -gt 1 ]]; then
    prev="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    # Behind it there are no flags.
    [[ "\${COMP_WORDS[i]}" == "--" ]] && return
    case "$command \${COMP_WORDS[i]}" in
${commands
  .filter(({ path }) => path.length > 0)
  .map(entered)
  .join('\n')}
    esac
  done
  case "$command:$prev" in
${commands.flatMap(({ path, flags }) => flags.flatMap((flag) => valueCase(path, flag))).join('\n')}
  esac
  if [[ -n $words ]]; then
    local before=""
    if [[ -n $list && $cur == *,* ]]; then before="\${cur%,*},"; fi
    COMPREPLY=($(compgen -P "$before" -W "$words" -- "\${cur#"$before"}"))
    return
  fi
  case "$command" in
${commands.map(offers).join('\n')}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    _neurodex_no_files
  fi
}
# Names of files are what bash completes where this has no reply.
_neurodex_no_files() {
  if type compopt > /dev/null 2>&1; then compopt +o default +o bashdefault 2> /dev/null; fi
}
complete -o bashdefault -o default -F _neurodex neurodex
`;
}

const quoted = (text: string): string => `"${text}"`;

const entered = ({ path }: CommandShape): string => {
  const before = path.slice(0, -1).join(' ');
  return `      ${quoted(`${before} ${path.at(-1) ?? ''}`)}) command=${quoted(path.join(' '))} ;;`;
};

/** What is completed behind a flag that takes a value: nothing here where it is a path. */
function valueCase(path: readonly string[], { name, value }: FlagShape): string[] {
  if (value === undefined) return [];
  const found = ((): string => {
    switch (value.kind) {
      case 'words':
        return `words=${quoted(value.words.join(' '))} list=${quoted(value.isList ? 'yes' : '')}`;
      case 'path':
        return 'return';
      case 'folder':
        return 'COMPREPLY=($(compgen -d -- "$cur")); type compopt > /dev/null 2>&1 && compopt -o filenames 2> /dev/null; return';
      case 'other':
        return '_neurodex_no_files; return';
    }
  })();
  return [`    ${quoted(`${path.join(' ')}:${name}`)}) ${found} ;;`];
}

/** Flags of a command, and the commands below it, or the words that its first argument takes. */
function offers({ path, flags, commands, arguments: [first] }: CommandShape): string {
  const inner = commands.map((command) => command.path.at(-1) ?? '');
  const own = first?.value.kind === 'words' ? first.value.words : [];
  const words = [...inner, ...own];
  const given = `flags=${quoted(flags.map(({ name }) => name).join(' '))}`;
  return `    ${quoted(path.join(' '))}) ${given}${words.length > 0 ? ` words=${quoted(words.join(' '))}` : ''} ;;`;
}
