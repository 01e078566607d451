import type { Argument, Command, Option } from 'commander';
import type { Suggested } from '../arguments.ts';
import { type Examples, examplesOf } from '../command.ts';

/** What completion scripts and the manual page need to know of the command line. */
export interface CommandShape {
  /** As it is called: ['shards', 'plan']; empty for the program itself. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly arguments: readonly ArgumentShape[];
  readonly flags: readonly FlagShape[];
  readonly commands: readonly CommandShape[];
  readonly examples: Examples;
}

export interface ArgumentShape {
  readonly name: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly isVariadic: boolean;
  readonly value: Value;
}

export interface FlagShape {
  /** `--system` */
  readonly name: string;
  readonly description: string;
  /** Undefined for a switch. */
  readonly value: (Value & { readonly placeholder: string }) | undefined;
}

/** What may stand in a place of the command line. */
export type Value =
  | ({ readonly kind: 'words' } & Suggested)
  | { readonly kind: 'path' }
  | { readonly kind: 'folder' }
  | { readonly kind: 'other' };

/** Placeholders of values that are paths. */
const PATHS = new Set(['path', 'file', 'html', 'png', 'source']);
const HELP: FlagShape = { name: '--help', description: 'print the help', value: undefined };

/** Every command of the program, with `help`, which the library adds. */
export function shapeOf(program: Command): CommandShape {
  const shape = commandShape(program, []);
  const words = shape.commands.map(({ path }) => path.at(-1) ?? '');
  const named: ArgumentShape = {
    ...{ name: 'command', description: 'whose help is printed', isRequired: false, isVariadic: false },
    value: { kind: 'words', words, isList: false },
  };
  const summary = 'print the help of a command';
  const help = {
    path: ['help'],
    summary,
    description: summary,
    arguments: [named],
    flags: [],
    commands: [],
    examples: [],
  };
  return { ...shape, commands: [...shape.commands, help] };
}

/** @param path of the command below the program */
function commandShape(command: Command, path: readonly string[]): CommandShape {
  return {
    path,
    summary: command.summary() || command.description(),
    description: command.description(),
    arguments: command.registeredArguments.map(argumentShape),
    flags: [...command.options.map(flagShape), HELP],
    commands: command.commands.map((inner) => commandShape(inner, [...path, inner.name()])),
    examples: examplesOf(command),
  };
}

/** A command and all below it, each before those. */
export const allCommands = (shape: CommandShape): CommandShape[] => [shape, ...shape.commands.flatMap(allCommands)];

const argumentShape = (argument: Argument): ArgumentShape => ({
  name: argument.name(),
  description: argument.description,
  isRequired: argument.required,
  isVariadic: argument.variadic,
  // What is no word of a few is mostly a path, of pictures or of an index.
  value: wordsOf(argument) ?? { kind: 'path' },
});

function flagShape(option: Option): FlagShape {
  const [, placeholder] = /[<[]([^>\]]+?)(?:\.\.\.)?[>\]]/.exec(option.flags) ?? [];
  const name = option.long ?? '';
  if (placeholder === undefined) return { name, description: option.description, value: undefined };
  const other: Value = PATHS.has(placeholder)
    ? { kind: 'path' }
    : { kind: placeholder === 'folder' ? 'folder' : 'other' };
  return { name, description: option.description, value: { ...(wordsOf(option) ?? other), placeholder } };
}

/** The words that a parser takes, where it says which. */
function wordsOf({ parseArg }: { readonly parseArg?: unknown }): Value | undefined {
  if (typeof parseArg !== 'function' || !('words' in parseArg) || !Array.isArray(parseArg.words)) return undefined;
  const words = parseArg.words.map(String);
  return { kind: 'words', words, isList: 'isList' in parseArg && parseArg.isList === true };
}
