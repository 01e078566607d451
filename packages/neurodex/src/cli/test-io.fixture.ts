import { main } from './cli.ts';
import type { Io } from './io.ts';
import type { Jobs, Services } from './jobs.ts';

export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in this process, with jobs that a test makes up; a job that it did not make up is refused. */
export async function runCli(
  argv: readonly string[],
  { jobs = {}, io = {} }: { jobs?: Partial<Jobs>; io?: Partial<Io> } = {},
): Promise<Outcome> {
  const written = { stdout: '', stderr: '' };
  const world: Io = {
    stdout: {
      write: (text) => {
        written.stdout += text;
      },
    },
    stderr: {
      write: (text) => {
        written.stderr += text;
      },
    },
    env: {},
    cwd: '/home/somebody',
    ...io,
  };
  const unexpected = (name: string) => (): never => {
    throw new Error(`${name} was not expected`);
  };
  const services: Services = {
    jobs: {
      recordedLabels: async () => 'layout' as const,
      openSource: unexpected('openSource'),
      // Every build is planned first.
      planIndex: async () => ({
        pictures: { catalogue: 0, train: 0, validation: 0, test: 0 },
        parameters: 0,
        steps: 0,
        stages: [],
      }),
      createIndex: unexpected('createIndex'),
      readRecordedRun: unexpected('readRecordedRun'),
      searchIndex: unexpected('searchIndex'),
      evaluateIndex: unexpected('evaluateIndex'),
      evaluateTexts: unexpected('evaluateTexts'),
      judgeRuns: unexpected('judgeRuns'),
      compareIndexes: unexpected('compareIndexes'),
      compareRuns: unexpected('compareRuns'),
      inspectIndex: unexpected('inspectIndex'),
      addToIndex: unexpected('addToIndex'),
      removeFromIndex: unexpected('removeFromIndex'),
      updateIndex: unexpected('updateIndex'),
      settleIndex: unexpected('settleIndex'),
      calibrateIndex: unexpected('calibrateIndex'),
      followFolder: unexpected('followFolder'),
      verifyIndex: unexpected('verifyIndex'),
      forgetPictures: unexpected('forgetPictures'),
      repeatBuild: unexpected('repeatBuild'),
      runDemo: unexpected('runDemo'),
      listRuns: unexpected('listRuns'),
      findDuplicates: unexpected('findDuplicates'),
      findKeypoints: unexpected('findKeypoints'),
      buildDataset: unexpected('buildDataset'),
      showDataset: unexpected('showDataset'),
      listDatasets: unexpected('listDatasets'),
      showAttention: unexpected('showAttention'),
      writeReport: unexpected('writeReport'),
      runStudy: unexpected('runStudy'),
      exportIndex: unexpected('exportIndex'),
      writeSite: unexpected('writeSite'),
      planShards: unexpected('planShards'),
      runShardTask: unexpected('runShardTask'),
      runShards: unexpected('runShards'),
      workShards: unexpected('workShards'),
      shardsManifest: unexpected('shardsManifest'),
      shardsStatus: unexpected('shardsStatus'),
      diagnose: unexpected('diagnose'),
      serve: unexpected('serve'),
      serveMcp: unexpected('serveMcp'),
      ...jobs,
    },
  };
  const status = await main(argv, world, services);
  return { status, ...written };
}

/** The one error of a `--json` run: the last line of standard error. */
export const jsonError = ({ stderr }: Outcome): { code: string; message: string; hint: string; details: object } =>
  JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error;
