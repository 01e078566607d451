import { NeurodexError } from '@neurodex/core';
import { Command, CommanderError } from 'commander';
import { nearest } from '../configuration/nearest.ts';
import { VERSION } from '../version.ts';
import { refuseBlankArguments } from './arguments.ts';
import type { Context } from './command.ts';
import { addAttention } from './commands/attention.ts';
import { addAdd, addCalibrate, addForget, addRemove, addSettle, addUpdate } from './commands/change.ts';
import { addCompare } from './commands/compare.ts';
import { addCompletion } from './commands/completion.ts';
import { addDataset } from './commands/dataset.ts';
import { addDemo } from './commands/demo.ts';
import { addDoctor } from './commands/doctor.ts';
import { addDuplicates } from './commands/duplicates.ts';
import { addEvaluate } from './commands/evaluate.ts';
import { addExport } from './commands/export.ts';
import { addIndex } from './commands/index-pictures.ts';
import { addInspect } from './commands/inspect.ts';
import { addKeypoints } from './commands/keypoints.ts';
import { addMcp } from './commands/mcp.ts';
import { addReport } from './commands/report.ts';
import { addRuns } from './commands/runs.ts';
import { addSearch } from './commands/search.ts';
import { addServe } from './commands/serve.ts';
import { addShards } from './commands/shards.ts';
import { addSite } from './commands/site.ts';
import { addStudy } from './commands/study.ts';
import { addVerify } from './commands/verify.ts';
import { reportFailure } from './failure.ts';
import { fittingHint } from './hints.ts';
import type { Io } from './io.ts';
import { services as realServices, type Services } from './jobs.ts';

/**
 * The command line: parse, call a job, format. Never throws.
 * @param argv what follows the program's name
 * @returns the exit status: 0 done, 1 failed, 2 wrong usage
 */
export async function main(argv: readonly string[], io: Io, services: Services = realServices): Promise<0 | 1 | 2> {
  const help = { out: '', error: '' };
  const program = createProgram({ io, services }, help);
  try {
    // The library answers an empty name with the help of all.
    if (argv[0] === 'help') refuseBlankArguments(argv.slice(1), ['command']);
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (thrown) {
    const error = thrown instanceof CommanderError ? usageError(thrown, argv, program) : thrown;
    if (error === 'help') return await show(io.stdout, help.out, io);
    if (error === 'no command' && !wantsJson(argv)) {
      await io.stderr.write(help.error);
      return 2;
    }
    const failure =
      error === 'no command'
        ? new NeurodexError('usage', 'no command was named', { hint: 'see neurodex --help' })
        : error;
    const command = commandOf(argv, program);
    return await reportFailure(failure, io, wantsJson(argv), (hint) => fittingHint(hint, command));
  }
}

async function show(output: Io['stdout'], text: string, io: Io): Promise<0 | 1 | 2> {
  try {
    await output.write(text);
    return 0;
  } catch (error) {
    return await reportFailure(error, io, false);
  }
}

/** Every command; tests look at them. */
export function createProgram(context: Context, help: { out: string; error: string }): Command {
  const program = new Command('neurodex')
    .description('Image search whose index is a neural network.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureOutput({
      writeOut: (text) => {
        help.out += text;
      },
      writeErr: (text) => {
        help.error += text;
      },
      // Errors are ours to word.
      outputError: () => {},
      getOutHelpWidth: () => Math.min(context.io.stdout.columns ?? 100, 120),
      getErrHelpWidth: () => Math.min(context.io.stderr.columns ?? 100, 120),
    })
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  neurodex demo\n      trains on emoji and shows what it finds\n' +
        '  neurodex index photos --out photos.index\n      trains an index of your own pictures\n' +
        '  neurodex search photos.index holiday.jpg\n      searches it\n' +
        '  neurodex doctor\n      says whether all it needs is there\n' +
        '\nExit status: 0 done, 1 failed, 2 wrong usage.\n',
    );
  for (const add of [
    addDemo,
    addIndex,
    addSearch,
    addServe,
    addMcp,
    addEvaluate,
    addCompare,
    addStudy,
    addReport,
    addExport,
    addSite,
    addInspect,
    addAdd,
    addRemove,
    addUpdate,
    addSettle,
    addCalibrate,
    addForget,
    addVerify,
    addRuns,
    addAttention,
    addDuplicates,
    addKeypoints,
    addDataset,
    addShards,
    addDoctor,
    addCompletion,
  ])
    add(program, context);
  program.hook('preAction', (_, command) => {
    refuseBlankArguments(
      command.args,
      command.registeredArguments.map((argument) => argument.name()),
    );
  });
  return program;
}

/** What commander refused, in our words; 'help' when it printed what was asked for. */
function usageError(error: CommanderError, argv: readonly string[], program: Command): unknown {
  const command = commandOf(argv, program);
  const help = `${where(command, program)} --help`;
  const quoted = /'([^']+)'/.exec(error.message)?.[1] ?? '';
  switch (error.code) {
    case 'commander.version':
    case 'commander.helpDisplayed':
      return 'help';
    case 'commander.help':
      return error.exitCode === 0 ? 'help' : 'no command';
    case 'commander.unknownOption': {
      const known = command.options.flatMap(({ long }) => (long ? [long] : [])).concat('--help');
      return new NeurodexError('unknown-flag', `${where(command, program)} has no flag ${quoted}`, {
        hint: `did you mean ${nearest(quoted, known)}? See ${help}`,
        details: { flag: quoted, known },
      });
    }
    case 'commander.unknownCommand': {
      const known = command.commands.map((candidate) => candidate.name());
      const within = command === program ? '' : `${where(command, program)}: `;
      return new NeurodexError('usage', `${within}there is no command ${JSON.stringify(quoted)}`, {
        hint: `did you mean ${nearest(quoted, known)}? Commands: ${known.join(', ')}`,
        details: { command: quoted, known },
      });
    }
    case 'commander.excessArguments': {
      const setting = argv.some((argument, i) => /^[\w.]+=/.test(argument) && argv[i - 1] !== '--set');
      return new NeurodexError('usage', `${where(command, program)} takes fewer arguments than it was given`, {
        hint: setting ? 'write --set before every key=value' : `see ${help}`,
      });
    }
    default:
      return new NeurodexError('usage', `${where(command, program)}: ${error.message.replace(/^error: /, '')}`, {
        hint: `see ${help}`,
      });
  }
}

/** The innermost command that the words name. */
function commandOf(argv: readonly string[], program: Command): Command {
  let command = program;
  for (const word of argv) {
    if (word.startsWith('-')) continue;
    const inner = command.commands.find((candidate) => candidate.name() === word);
    if (inner === undefined) break;
    command = inner;
  }
  return command;
}

const where = (command: Command, program: Command): string =>
  command === program ? 'neurodex' : `${where(command.parent ?? program, program)} ${command.name()}`;

/** Known before the flags are parsed, so that a parsing error is JSON too. */
const wantsJson = (argv: readonly string[]): boolean => {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
};
