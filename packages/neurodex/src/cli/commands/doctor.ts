import type { Command } from 'commander';
import type { Diagnosis } from '../../doctor/doctor.ts';
import type { Finding } from '../../doctor/finding.ts';
import { printable } from '../../report/text.ts';
import {
  type CommonFlags,
  type Context,
  type DeviceFlag,
  perform,
  withCommonFlags,
  withDevice,
  withExamples,
} from '../command.ts';

type Flags = CommonFlags & DeviceFlag;

export function addDoctor(program: Command, context: Context): void {
  const command = program
    .command('doctor')
    .summary('find out whether Neurodex can work on this machine')
    .description(
      'Look at versions, devices, limits, folders, optional parts and the environment, run a small graph and decode a\n' +
        'picture. Each finding is ok, a warning or a problem, with what to do. Nothing is changed. Exit status 1 for a problem.',
    );
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex doctor', 'every finding in a line'],
    ['neurodex doctor --device cuda', 'whether a graph runs on CUDA'],
    ['neurodex doctor --json', 'for a program, or for a report of a fault'],
  ]);
  command.action((flags: Flags) => doctor(flags, context));
}

async function doctor(flags: Flags, context: Context): Promise<void> {
  const { io, services } = context;
  await perform(context, flags, { unwinds: true }, async ({ reporter }) => {
    const diagnosis = await services.jobs.diagnose({
      ...{ environment: io.env, device: flags.device, reporter, signal: io.signal },
    });
    const failed = diagnosis.findings
      .filter(({ status }) => status === 'problem')
      .map(({ name, message, hint }) => ({
        input: name,
        code: 'machine-unfit' as const,
        message: `${name}: ${message}`,
        hint,
      }));
    return { json: diagnosis, text: describe(diagnosis), failed };
  });
}

function describe({ findings }: Diagnosis): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ status, name, message, hint }) => [
    `${status.padEnd('problem'.length)}  ${name.padEnd(width)}  ${message}`,
    ...(hint === null ? [] : [`${' '.repeat('problem'.length + width + 4)}→ ${hint}`]),
  ]);
  return [...lines, '', summary(findings)].map(printable).join('\n');
}

function summary(findings: readonly Finding[]): string {
  const count = (status: Finding['status']): number => findings.filter((finding) => finding.status === status).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
  if (problems + warnings === 0) return 'Neurodex can work here.';
  return `${counted(problems, 'problem')}, ${counted(warnings, 'warning')}`;
}
