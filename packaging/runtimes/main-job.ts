import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Project } from '../project.ts';
import { addressIn, CLIENT } from '../use-neurodex.ts';
import type { Runtime } from './runtimes.ts';

/** What each step shows of itself: equal on all runtimes. */
export type Shown = string;
export interface Step {
  readonly name: string;
  readonly run: (job: Job) => Promise<Shown>;
}

/** The installed program on one runtime. */
export class Job {
  readonly project: Project;
  readonly runtime: Runtime;
  /** Of this runtime, in the project. */
  readonly folder: string;

  constructor(project: Project, runtime: Runtime) {
    this.project = project;
    this.runtime = runtime;
    this.folder = join('runtimes', runtime.name);
    rmSync(join(project.folder, this.folder), { recursive: true, force: true });
    mkdirSync(join(project.folder, this.folder), { recursive: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** @returns what it printed as JSON */
  async neurodex<T>(...args: readonly string[]): Promise<T> {
    return JSON.parse((await this.run(PROGRAM, ...args, '--json')).stdout) as T;
  }

  run(file: string, ...args: readonly string[]) {
    return this.project.run(this.runtime.program, [...this.runtime.flags, file, ...args]);
  }

  start(...args: readonly string[]) {
    const child = spawn(this.runtime.program, [...this.runtime.flags, PROGRAM, ...args], { cwd: this.project.folder });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    }
    const status = new Promise<number | null>((ended) => child.on('close', ended));
    return { child, status, said: () => said };
  }
}

const PROGRAM = join('node_modules', 'neurodex', 'bin', 'neurodex.js');
const SIZE = ['--set', 'pictures.size=32'];
/** Memory that is written, which pictures can be added to. */
const WRITTEN = [
  '--preset',
  'demo',
  ...SIZE,
  '--set',
  'model.patchSize=16',
  '--set',
  'bovw.words=8',
  '--set',
  'training.seeSteps=20',
];
/** Some seconds of training, so that it can be stopped. */
const TRAINED = ['--preset', 'quick', ...SIZE, '--set', 'training.indexingEpochs=800'];
const SYSTEMS = ['dsi', 'bovw', 'pixels'];
const ADDED = ['0.png', '1.png'].map((name) => join('more', 'violet', name));
const QUERY = join('photos', 'red', '0.png');

interface Found {
  readonly results: readonly { readonly answers: readonly { readonly picture: string; readonly score: number }[] }[];
}
/** Pictures with their scores to three places. */
const answersOf = ({ results }: Found): Shown =>
  results.flatMap(({ answers }) => answers.map(({ picture, score }) => `${picture} ${score.toFixed(3)}`)).join(', ');

/** What a user does, from pictures to answers. */
export const MAIN_JOB: readonly Step[] = [
  {
    name: 'index',
    async run(job) {
      const { catalogue } = await job.neurodex<{ readonly catalogue: number }>(
        ...['index', 'photos', '--out', job.path('index'), '--systems', SYSTEMS.join(), ...WRITTEN],
      );
      return `${catalogue} pictures`;
    },
  },
  {
    name: 'search',
    async run(job) {
      const shown: Shown[] = [];
      for (const system of SYSTEMS) {
        shown.push(
          answersOf(await job.neurodex<Found>('search', job.path('index'), QUERY, '--k', '3', '--system', system)),
        );
      }
      return shown.join('; ');
    },
  },
  {
    name: 'add',
    async run(job) {
      const { catalogue } = await job.neurodex<{ readonly catalogue: number }>('add', job.path('index'), ...ADDED);
      return `${catalogue} pictures`;
    },
  },
  {
    name: 'evaluate',
    async run(job) {
      const { systems } = await job.neurodex<{ readonly systems: object }>('evaluate', job.path('index'));
      return Object.keys(systems).join(', ');
    },
  },
  {
    name: 'export',
    async run(job) {
      await job.neurodex('export', job.path('index'), '--web', job.path('site'), '--onnx', job.path('onnx'));
      return 'done';
    },
  },
  { name: 'serve, client', run: serveAndAsk },
  { name: 'stop, resume', run: stopAndResume },
  {
    name: 'shards',
    async run(job) {
      const place = job.path('place');
      await job.neurodex('shards', 'plan', 'photos', '--shards', '2', '--out', place, ...WRITTEN);
      await job.neurodex('shards', 'run', place);
      return answersOf(await job.neurodex<Found>('search', place, QUERY, '--k', '3'));
    },
  },
];

async function serveAndAsk(job: Job): Promise<Shown> {
  job.project.write('ask.mjs', CLIENT);
  const server = job.start('serve', job.path('index'), '--port', '0');
  const asked = await addressIn(server.said)
    .then((address) => job.run('ask.mjs', address))
    .finally(() => server.child.kill('SIGINT'));
  const status = await server.status;
  if (status !== 0) throw new Error(`a server that is stopped ends with status ${status}:\n${server.said()}`);
  return asked.stdout.trim();
}

/** A build that is stopped while it trains, and goes on. */
async function stopAndResume(job: Job): Promise<Shown> {
  const args = ['index', 'photos', '--out', job.path('resumed'), '--systems', 'dsi', ...TRAINED];
  const build = job.start(...args, '--json');
  for (const end = Date.now() + PATIENCE; !build.said().includes('"phase":"joint"') && Date.now() < end; ) {
    await new Promise((later) => setTimeout(later, 20));
  }
  build.child.kill('SIGINT');
  const status = await build.status;
  if (status === 0) throw new Error('a build was over before it could be stopped');
  if (!build.said().includes('"interrupted"')) throw new Error(`a build that is stopped says:\n${build.said()}`);
  await job.neurodex(...args, '--resume');
  return answersOf(await job.neurodex<Found>('search', job.path('resumed'), QUERY, '--k', '3'));
}

const PATIENCE = 120_000;
