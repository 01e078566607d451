import { type ArgumentShape, allCommands, type CommandShape, type FlagShape, type Value } from './shape.ts';

/** A completion script for zsh: one function for each command. It asks no program. */
export function zshCompletion(program: CommandShape): string {
  return `#compdef neurodex
# zsh completion for neurodex: neurodex completion zsh
${allCommands(program).map(functionOf).join('\n')}
if [[ "\${funcstack[1]}" == "_neurodex" ]]; then
  _neurodex "$@"
else
  compdef _neurodex neurodex
fi
`;
}

const nameOf = (path: readonly string[]): string => ['_neurodex', ...path].join('_').replace(/-/g, '_');
/** Inside of single quotes. */
const quoted = (text: string): string => `'${text.replace(/'/g, `'\\''`)}'`;
/** In a specification of _arguments. */
const described = (text: string): string => text.replace(/\s+/g, ' ').replace(/[[\]:\\]/g, (sign) => `\\${sign}`);

function functionOf({ path, flags, commands, arguments: places }: CommandShape): string {
  const specs = flags.map(flagSpec);
  if (commands.length === 0) {
    return `${nameOf(path)}() {\n  _arguments -s ${lines([...specs, ...places.map(placeSpec)])}\n}`;
  }
  const listed = commands.map(({ path: inner, summary }) => quoted(`${inner.at(-1) ?? ''}:${described(summary)}`));
  const cases = commands.map(({ path: inner }) => `        ${inner.at(-1) ?? ''}) ${nameOf(inner)} ;;`);
  return `${nameOf(path)}() {
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
    ${listed.join('\n    ')}
  )
  _arguments -C ${lines([...specs, quoted('1: :->command'), quoted('*:: :->argument')])}
  case $state in
    command) _describe -t commands command commands ;;
    argument)
      case $words[1] in
${cases.join('\n')}
      esac
      ;;
  esac
}`;
}

const lines = (specs: readonly string[]): string => ['\\', ...specs].join(' \\\n    ').replace('\\ \\\n', '\\\n');

const flagSpec = ({ name, description, value }: FlagShape): string => {
  const text = `[${described(description)}]`;
  // Flags may mostly be repeated; where not, the last one counts.
  return value === undefined
    ? quoted(`${name}${text}`)
    : quoted(`*${name}=${text}:${described(value.placeholder)}:${actionOf(value)}`);
};

const placeSpec = ({ name, isVariadic, isRequired, value }: ArgumentShape, i: number): string => {
  const place = isVariadic ? '*' : `${i + 1}`;
  return quoted(`${place}:${isRequired || isVariadic ? '' : ':'}${described(name)}:${actionOf(value)}`);
};

function actionOf(value: Value): string {
  switch (value.kind) {
    case 'words':
      return value.isList
        ? `{_values -s , value ${value.words.map((word) => `"${word}"`).join(' ')}}`
        : `(${value.words.join(' ')})`;
    case 'path':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'other':
      return ' ';
  }
}
