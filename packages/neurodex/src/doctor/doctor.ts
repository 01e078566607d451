import type { Reporter } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import { checkEnvironment } from './checks/environment.ts';
import { checkEngine, checkPictures } from './checks/native.ts';
import { checkOptional } from './checks/optional.ts';
import { checkFolders, checkMemory, checkOpenFiles, checkProcessor } from './checks/resources.ts';
import { checkPlatform, checkVersions } from './checks/versions.ts';
import type { Finding, FindingStatus } from './finding.ts';
import type { Machine } from './machine.ts';
import { thisMachine } from './this-machine.ts';

/** Looks at a part of the machine, and changes nothing. @param device that the network is to run on */
type Check = (machine: Machine, device: string) => Promise<Finding[]>;

/** In the order in which they are told. */
const CHECKS: readonly Check[] = [
  checkVersions,
  checkPlatform,
  checkEngine,
  checkPictures,
  checkProcessor,
  checkMemory,
  checkOpenFiles,
  checkFolders,
  checkOptional,
  checkEnvironment,
];

export interface Diagnosis {
  /** The worst of all findings. */
  readonly status: FindingStatus;
  readonly findings: readonly Finding[];
}

export interface DiagnoseOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** That the network is to run on. */
  readonly device: string;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
  /** This one by default. */
  readonly machine?: Machine;
}

/** Finds out whether the program can work here. @throws NeurodexError `interrupted` */
export async function diagnose({
  environment,
  device,
  reporter,
  signal,
  ...options
}: DiagnoseOptions): Promise<Diagnosis> {
  const { machine = thisMachine(environment) } = options;
  const findings: Finding[] = [];
  for (const [done, check] of CHECKS.entries()) {
    throwIfInterrupted(signal);
    findings.push(...(await check(machine, device)));
    reporter.progress({ phase: 'doctor', done: done + 1, total: CHECKS.length, unit: 'checks' });
  }
  const has = (status: FindingStatus): boolean => findings.some((finding) => finding.status === status);
  return { status: has('problem') ? 'problem' : has('warning') ? 'warning' : 'ok', findings };
}
