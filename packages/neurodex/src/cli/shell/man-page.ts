import { VERSION } from '../../version.ts';
import { type ArgumentShape, allCommands, type CommandShape, type FlagShape } from './shape.ts';

/** A manual page of the whole command line, for man(7): what `man neurodex` shows. */
export function manPage(
  program: CommandShape,
  environment: readonly (readonly [name: string, what: string])[],
): string {
  const commands = allCommands(program).filter(({ path, commands: inner }) => path.length > 0 && inner.length === 0);
  return `${[
    '.\\" Written by npm run docs, from the command line itself.',
    `.TH NEURODEX 1 "" "neurodex ${VERSION}" "Neurodex"`,
    '.SH NAME',
    `neurodex \\- ${escaped(program.description.replace(/\.$/, '').replace(/^[A-Z]/, (letter) => letter.toLowerCase()))}`,
    '.SH SYNOPSIS',
    '.B neurodex',
    '.I command',
    '[\\fIarguments\\fR] [\\fIflags\\fR]',
    '.SH DESCRIPTION',
    text(
      'Neurodex trains a small Vision Transformer that is the search index: given a picture, it writes the identifiers of the matching pictures. An index is a folder that neurodex index makes of your pictures, and that the other commands take.',
    ),
    '.SH COMMANDS',
    ...commands.flatMap(section),
    '.SH EXIT STATUS',
    ...item('0', 'The work is done.'),
    ...item('1', 'It failed; standard error says why.'),
    ...item('2', 'The command line is wrong.'),
    '.SH ENVIRONMENT',
    ...environment.flatMap(([name, what]) => item(name, what)),
    '.SH SEE ALSO',
    'The documents of the project, in its folder',
    '.IR docs .',
  ].join('\n')}\n`;
}

/** Of text: what roff would take for its own, and signs that it would make typographic. */
const escaped = (words: string): string =>
  words
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/'/g, '\\(aq')
    .replace(/`/g, '\\(ga')
    .replace(/\^/g, '\\(ha')
    .replace(/~/g, '\\(ti');

/** A paragraph: no line of it begins as a request does, and none has blanks at its end. */
const text = (words: string): string => escaped(words.replace(/\s+/g, ' ').trim()).replace(/^\./, '\\&.');

/** A list item. */
const item = (term: string, words: string): string[] => ['.TP', `\\fB${escaped(term)}\\fR`, text(words)];

function section({ path, description, arguments: places, flags, examples }: CommandShape): string[] {
  return [
    `.SS "${escaped(`neurodex ${path.join(' ')}`)}"`,
    `\\fB${escaped(`neurodex ${path.join(' ')}`)}\\fR ${places.map(placed).join(' ')}${places.length > 0 ? ' ' : ''}[\\fIflags\\fR]`,
    '.PP',
    text(description),
    ...places.flatMap(({ name, description: what }) =>
      what === '' ? [] : ['.TP', `\\fI${escaped(name)}\\fR`, text(what)],
    ),
    ...flags.flatMap((flag) => ['.TP', flagTerm(flag), text(flag.description)]),
    ...(examples.length === 0 ? [] : ['.PP', 'Examples:']),
    ...examples.flatMap(([line, what]) => ['.TP', `\\fB${escaped(line)}\\fR`, text(what)]),
  ];
}

function placed({ name, isRequired, isVariadic }: ArgumentShape): string {
  const term = `\\fI${escaped(name)}\\fR${isVariadic ? '...' : ''}`;
  return isRequired ? term : `[${term}]`;
}

const flagTerm = ({ name, value }: FlagShape): string =>
  `\\fB${escaped(name)}\\fR${value === undefined ? '' : ` \\fI${escaped(value.placeholder)}\\fR`}`;
