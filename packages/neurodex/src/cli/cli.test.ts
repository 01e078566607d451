import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RuntimeError } from '@neurodex/autograd';
import { NeurodexError } from '@neurodex/core';
import type { Dataset } from '@neurodex/datasets';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AttentionOptions } from '../jobs/attention.ts';
import type { BuildDatasetOptions, PreparedSummary } from '../jobs/build-dataset.ts';
import type { CompareIndexesOptions, CompareRunsOptions } from '../jobs/compare.ts';
import type { CreateIndexOptions, IndexSummary } from '../jobs/create-index.ts';
import type { DemoOptions } from '../jobs/demo.ts';
import type { EvaluateOptions } from '../jobs/evaluate-index.ts';
import type { EvaluateRunsOptions } from '../jobs/evaluate-runs.ts';
import type { ExportOptions, ExportSummary } from '../jobs/export-index.ts';
import type { IndexFacts } from '../jobs/inspect-index.ts';
import type { OpenedSource, OpenSourceOptions } from '../jobs/open-source.ts';
import type { ReportOptions, WrittenReport } from '../jobs/report.ts';
import type { SearchOptions } from '../jobs/search.ts';
import type { DatasetFacts, ShowDatasetOptions } from '../jobs/show-dataset.ts';
import { NO_DUPLICATES } from '../pictures/duplicate-facts.ts';
import { PRESETS } from '../presets/presets.ts';
import { DEFAULT_LIMITS } from '../server/limits.ts';
import type { ServeOptions } from '../server/serve.ts';
import { jsonError, runCli } from './test-io.fixture.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const dataset: Dataset = { name: 'folder', source: '/pictures', pictures: [], notices: [], skipped: [] };
/** The source is opened, whatever it is called. */
const openSource = async ({ config }: OpenSourceOptions): Promise<OpenedSource> => ({ dataset, config });
const summary: IndexSummary = {
  index: '/home/somebody/out',
  catalogue: 12,
  queries: { train: 20, validation: 2, test: 4 },
  skipped: [{ path: 'a.txt', reason: 'not a picture file' }],
  skippedKinds: [{ kind: 'not a picture file (.txt)', count: 1 }],
  layout: ['pics is a folder around all others and no class'],
  warnings: [],
  duplicates: { ...NO_DUPLICATES, sets: 2, copies: 3, examples: [['a.png', 'b.png']] },
  systems: ['dsi', 'bovw', 'pixels'],
  readsText: true,
  parameters: 123456,
  steps: 300,
  seconds: 75,
  validation: { 'AP@10': 0.5 },
};
const evaluation = {
  catalogue: 128,
  queries: 64,
  withoutRelevant: 0,
  protocol: 'full' as const,
  systems: { dsi: { 'IA@1': 0.98, RR: 0.75 }, pixels: { RR: 0.625 } },
  intervals: { dsi: { 'IA@1': [0.95, 1] as const, RR: [0.7, 0.8] as const }, pixels: { RR: [0.5, 0.75] as const } },
};
const contest = {
  queries: 64,
  systems: evaluation.systems,
  intervals: evaluation.intervals,
  level: 0.05,
  tests: [
    {
      measure: 'RR',
      systems: ['dsi', 'pixels'] as const,
      difference: 0.125,
      interval: [0.05, 0.2] as const,
      effectSize: 0.4,
      queries: { better: 30, equal: 24, worse: 10 },
      p: 0.001,
      exact: false,
      pHolm: 0.002,
      winner: 'dsi',
    },
    {
      measure: 'P@10',
      systems: ['dsi', 'pixels'] as const,
      difference: -0.01,
      interval: [-0.03, 0.02] as const,
      effectSize: null,
      queries: { better: 1, equal: 62, worse: 1 },
      p: 1,
      exact: true,
      pHolm: 1,
      winner: null,
    },
  ],
};

describe('help and version', () => {
  it('lists the commands on standard output', async () => {
    const { status, stdout, stderr } = await runCli(['--help']);
    expect(status).toBe(0);
    expect(stderr).toBe('');
    for (const command of [
      'demo',
      'index',
      'search',
      'evaluate',
      'compare',
      'study',
      'report',
      'inspect',
      'runs',
      'serve',
    ])
      expect(stdout).toContain(`  ${command} `);
    expect(stdout).toContain('Exit status');
  });

  it.each(['demo', 'index', 'search', 'evaluate', 'compare', 'study', 'report', 'inspect', 'runs', 'serve'])(
    '%s --help has examples, as help %s',
    async (command) => {
      const { status, stdout } = await runCli([command, '--help']);
      expect(status).toBe(0);
      expect(stdout).toContain(`Examples:\n  neurodex ${command}`);
      expect(await runCli(['help', command])).toEqual({ status: 0, stdout, stderr: '' });
    },
  );

  it('prints the version of the package', async () => {
    const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await runCli(['--version'])).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  it('prints the help as an error when no command is named', async () => {
    const { status, stdout, stderr } = await runCli([]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain('Usage: neurodex');
  });
});

describe('wrong usage', () => {
  it.each([
    [['serach', 'x'], 'usage', 'did you mean search?'],
    [['index', 'x', '--out', 'y', '--sead', '1'], 'unknown-flag', 'did you mean --seed?'],
    [['evaluate', 'x', '--trek', 'y'], 'unknown-flag', 'did you mean --trec?'],
    [['--jsn'], 'unknown-flag', 'neurodex --help'],
    [['index', 'x'], 'usage', 'neurodex index --help'],
    [['index', 'x', '--out'], 'usage', 'neurodex index --help'],
    [['index', 'x', '--out', '--force'], 'usage', 'write a value after --out'],
    [['index', 'x', '--out', 'y', '--on-nan', 'skp'], 'usage', 'did you mean --on-nan skip?'],
    [['index', 'x', '--out', 'y', '--resum'], 'unknown-flag', '--resume'],
    [['index', 'x', '--out', ''], 'usage', 'write a value after --out'],
    [['index', 'x', '--out', 'y', '--set', 'model.heads=2', 'model.width=64'], 'usage', 'write --set before every'],
    [['search', 'x'], 'usage', 'neurodex search --help'],
    [['inspect', 'x', 'y'], 'usage', 'neurodex inspect --help'],
    [['search', 'x', 'y.png', '--system', 'pixel'], 'usage', 'did you mean --system pixels?'],
    [['evaluate'], 'usage', 'neurodex evaluate --help'],
    [['evaluate', 'x', '--measures', 'ndcg@10'], 'usage', 'did you mean nDCG@10?'],
    [['evaluate', 'x', '--measures', ' '], 'usage', 'write --measures'],
    [['evaluate', 'x', '--protocol', 'notebok'], 'usage', 'did you mean --protocol notebook?'],
    [['evaluate', '--run', 'r.txt'], 'usage', 'write --run FILE --qrels FILE'],
    [['evaluate', '--qrels', 'r.txt'], 'usage', 'write --run FILE --qrels FILE'],
    [['evaluate', 'x', '--run', 'r.txt', '--qrels', 'q.txt'], 'usage', 'leave it out'],
    [['evaluate', '--run', 'r.txt', '--qrels', 'q.txt', '--protocol', 'full'], 'usage', 'leave it out'],
    [['compare'], 'usage', 'neurodex compare --help'],
    [['compare', 'a', 'b', '--qrels', 'q', '--systems', 'dsi'], 'usage', 'leave it out'],
    [['evaluate', 'x', '--systems', 'dsi,bow'], 'usage', 'did you mean --systems bovw?'],
    [['index', 'x', '--out', 'y', '--systems', 'dsi,'], 'usage', '--systems'],
    [['evaluate', 'x', '--split', 'train'], 'usage', 'did you mean --split'],
    [['search', 'x', 'y.png', '--device', 'gpu'], 'usage', 'did you mean --device'],
    [['demo', '--seed', '4294967296'], 'usage', 'write --seed 7'],
    [['index', 'x', '--out', 'y', '--track', 'tensorbord'], 'usage', 'did you mean --track tensorboard?'],
    [['demo', '--track', 'tensorboard,wand'], 'usage', 'did you mean --track wandb?'],
    [['demo', '--track', 'mlflow'], 'usage', 'set it to the address of an MLflow server'],
    [['demo', '--run-name', 'first'], 'usage', 'add --track tensorboard or wandb or mlflow'],
    [['demo', '--track', 'tensorboard', '--wandb-project', 'p'], 'usage', 'add --track wandb'],
    [['runs'], 'usage', 'neurodex runs --help'],
    [['export', 'x'], 'usage', 'add --onnx FOLDER, --triton FOLDER or --web FOLDER'],
    [['export', 'x', '--onxx', 'y'], 'unknown-flag', 'did you mean --onnx?'],
    [['export', 'x', '--onnx', 'y', '--precision', 'int4'], 'usage', 'did you mean --precision int8?'],
    [['demo', '--preset', 'quik'], 'unknown-preset', 'did you mean quick?'],
    [['index', 'x', '--out', 'y', '--preset', 'constructor'], 'unknown-preset', 'Presets: default, joint, quick, seed'],
    [['index', 'x', '--out', 'y', '--set', 'model.widht=64'], 'config-unknown-key', 'did you mean model.width?'],
  ])('%j is refused with status 2', async (argv, code, hint) => {
    const outcome = await runCli([...argv.slice(0, 1), '--json', ...argv.slice(1)]);
    expect([outcome.status, outcome.stdout]).toEqual([2, '']);
    expect(outcome.stderr.trim().split('\n')).toHaveLength(1);
    expect(jsonError(outcome)).toMatchObject({ code, hint: expect.stringContaining(hint), details: expect.anything() });

    const text = await runCli(argv);
    expect([text.status, text.stdout]).toEqual([2, '']);
    expect(text.stderr).toMatch(/^error: .+\nhint: .+\n$/);
  });

  it.each(['0', '-1', '1.5', 'ten', '', '1e3', '99999999999999999999'])('--k %j is refused', async (k) => {
    const outcome = await runCli(['search', 'x', 'y.png', '--k', k, '--json']);
    expect(outcome.status).toBe(2);
    expect(jsonError(outcome).message).toBe(`--k must be an integer of 1 or more, not ${JSON.stringify(k)}`);
  });

  it.each(['0', '-1', '-0', 'x', '', ' ', 'Infinity', 'NaN', '1e9', '5m'])(
    '--minutes %j is refused',
    async (minutes) => {
      const argv = ['index', 'x', '--out', 'y', `--minutes=${minutes}`];
      const outcome = await runCli([...argv, '--json']);
      expect([outcome.status, outcome.stdout]).toEqual([2, '']);
      expect(jsonError(outcome)).toMatchObject({
        code: 'usage',
        message: `--minutes is ${JSON.stringify(minutes)}, which is no time to build an index in`,
        hint: expect.stringContaining('write a number above 0'),
        details: { flag: '--minutes', value: minutes },
      });
      const apart = await runCli([...argv.slice(0, -1), '--minutes', minutes]);
      expect(apart.status).toBe(2);
      expect(apart.stderr).toMatch(/^error: .+\nhint: .+\n$/);
    },
  );

  it.each(['joint', 'quick', 'seed'])('--minutes with the preset %s is refused', async (preset) => {
    const outcome = await runCli(['index', 'x', '--out', 'y', '--preset', preset, '--minutes', '5', '--json']);
    expect([outcome.status, outcome.stdout]).toEqual([2, '']);
    expect(jsonError(outcome)).toMatchObject({
      code: 'config-invalid',
      hint: expect.stringContaining('set training.plan to write'),
      details: { keys: ['training.minutes'] },
    });
  });

  it('never throws and never prints a stack, whatever it is given', async () => {
    const word = fc.oneof(
      fc.constantFrom(
        'demo',
        'index',
        'search',
        'evaluate',
        'inspect',
        'help',
        '--',
        '--json',
        '--k',
        '--set',
        '--out',
      ),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (argv) => {
        const { status, stderr } = await runCli(argv, { io: { cwd: folder } });
        expect([0, 1, 2]).toContain(status);
        expect(stderr).not.toMatch(/\n\s+at /);
      }),
      { numRuns: 150 },
    );
  });
});

describe('index', () => {
  it('gives the job what was asked for and prints one object', async () => {
    const opening = vi.fn(openSource);
    const createIndex = vi.fn(async (options: CreateIndexOptions) => {
      options.reporter.progress({ phase: 'joint', done: 5, total: 5, unit: 'steps' });
      options.reporter.warn('skipped a.txt: not a picture file', { path: 'a.txt' });
      return summary;
    });
    const signal = new AbortController().signal;
    const outcome = await runCli(
      [
        'index',
        'photos',
        '--out',
        'out',
        '--preset',
        'quick',
        '--set',
        'training.batchSize=8',
        '--seed',
        '7',
        '--force',
        '--json',
      ],
      {
        io: { cwd: folder, signal },
        jobs: { openSource: opening, createIndex },
      },
    );
    expect(outcome.status).toBe(0);
    expect(outcome.stdout).toBe(`${JSON.stringify(summary)}\n`);
    expect(opening.mock.calls[0]?.[0]).toMatchObject({
      source: 'photos',
      path: join(folder, 'photos'),
      seed: 7,
      signal,
    });
    const asked = createIndex.mock.calls[0]?.[0];
    expect(asked).toMatchObject({ dataset, out: join(folder, 'out'), seed: 7, force: true, device: 'cpu', signal });
    expect(asked?.config).toEqual({ ...PRESETS.quick, training: { ...PRESETS.quick.training, batchSize: 8 } });
    const lines = outcome.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ info: { message: expect.stringMatching(/^plan: /) } });
    expect(lines[1]).toMatchObject({ progress: { phase: 'joint', done: 5, total: 5, unit: 'steps' } });
    expect(lines[2]).toEqual({ warning: { message: 'skipped a.txt: not a picture file', details: { path: 'a.txt' } } });
  });

  it('goes on with what an unfinished run began with, and with what is said on top of it', async () => {
    const begun = {
      config: { ...PRESETS.seed, retrieval: { exactUpTo: 7, beam: 3 } },
      seed: 5,
      systems: ['dsi'] as const,
      device: 'cuda' as const,
      onNan: 'skip' as const,
    };
    const readRecordedRun = vi.fn(async () => begun);
    const createIndex = vi.fn(async () => summary);
    const resume = async (...more: string[]) => {
      const { status } = await runCli(['index', 'photos', '--out', 'out', '--resume', ...more], {
        io: { cwd: folder },
        jobs: { openSource, createIndex, readRecordedRun },
      });
      expect(status).toBe(0);
      return (createIndex.mock.calls.at(-1) as unknown as [CreateIndexOptions])[0];
    };
    expect(await resume()).toMatchObject({ ...begun, resume: true, force: false });
    expect(readRecordedRun).toHaveBeenLastCalledWith(join(folder, 'out'), { orComplete: true });
    const changed = await resume(
      '--set',
      'training.indexingEpochs=3',
      '--seed',
      '6',
      '--on-nan',
      'stop',
      '--device',
      'cpu',
      '--force',
    );
    expect(changed).toMatchObject({ seed: 6, systems: ['dsi'], force: true, onNan: 'stop', device: 'cpu' });
    expect(changed.config).toEqual({ ...begun.config, training: { ...PRESETS.seed.training, indexingEpochs: 3 } });
    expect(readRecordedRun).toHaveBeenLastCalledWith(join(folder, 'out'), { orComplete: false });
    // A preset or a file says all of it, and what differs is refused by the job.
    expect((await resume('--preset', 'quick')).config).toEqual(PRESETS.quick);
  });

  it('tells a person what was made and what to do next', async () => {
    const { stdout, stderr } = await runCli(['index', 'photos', '--out', 'my index', '--quiet'], {
      jobs: {
        openSource,
        createIndex: async ({ reporter }) => {
          reporter.info('not to be seen');
          reporter.warn('skipped a.txt: not a picture file');
          return summary;
        },
      },
    });
    expect(stdout).toContain('12 pictures');
    expect(stdout).toContain('300 steps in 1 min 15 s');
    expect(stdout).toContain("neurodex search 'my index' PICTURE");
    expect(stderr).toBe('warning: skipped a.txt: not a picture file\n');
  });

  it('index says how to search it, by words where it takes them', async () => {
    const created = async (readsText: boolean): Promise<string> => {
      const createIndex = async () => ({ ...summary, readsText });
      return (await runCli(['index', 'x', '--out', 'my out'], { jobs: { openSource, createIndex } })).stdout;
    };
    expect(await created(false)).not.toContain('--text');
    const both = "Search it:   neurodex search 'my out' PICTURE\nOr by words: neurodex search 'my out' --text WORDS\n";
    expect(await created(true)).toContain(both);
  });

  it.each(['10', '0.5'])('--minutes %s is the time of the configuration', async (minutes) => {
    const createIndex = vi.fn(async (_options: CreateIndexOptions) => summary);
    const asked = async (...flags: string[]) => {
      await runCli(['index', 'x', '--out', 'y', ...flags], { jobs: { openSource, createIndex } });
      return createIndex.mock.calls.at(-1)?.[0].config;
    };
    const { training, ...others } = PRESETS.default;
    const timed = { ...others, training: { ...training, minutes: Number(minutes) } };
    expect(await asked('--minutes', minutes)).toEqual(timed);
    expect(await asked('--set', 'training.minutes=3', '--minutes', minutes)).toEqual(timed);
    expect(await asked()).toEqual(PRESETS.default);
  });

  it.each(['low', 'high'] as const)('--effort %s is that of the configuration', async (effort) => {
    const createIndex = vi.fn(async (_options: CreateIndexOptions) => summary);
    const flags = ['index', 'x', '--out', 'y', '--set', 'training.effort=normal', '--effort', effort];
    await runCli(flags, { jobs: { openSource, createIndex } });
    const { training, ...others } = PRESETS.default;
    expect(createIndex.mock.calls.at(-1)?.[0].config).toEqual({ ...others, training: { ...training, effort } });
  });

  it.each([
    [['--minutes', '5'], 'leave out one of the two'],
    [['--preset', 'joint'], 'set training.plan to write'],
  ])('--effort with %j is refused', async (flags, hint) => {
    const outcome = await runCli(['index', 'x', '--out', 'y', '--effort', 'low', ...flags, '--json']);
    expect([outcome.status, outcome.stdout]).toEqual([2, '']);
    expect(jsonError(outcome)).toMatchObject({
      code: 'config-invalid',
      hint: expect.stringContaining(hint),
      details: { keys: ['training.effort'] },
    });
  });

  it('hands on which trackers are asked for, with the environment of their own programs', async () => {
    const createIndex = vi.fn(async (_options: CreateIndexOptions) => summary);
    const env = { WANDB_PROJECT: 'emoji', MLFLOW_TRACKING_URI: 'http://127.0.0.1:5000' };
    const services = { io: { cwd: folder, env }, jobs: { openSource, createIndex } };
    const asked = async (...flags: string[]) => {
      const { status, stderr } = await runCli(['index', 'photos', '--out', 'deep/my.index', ...flags], services);
      expect(status, stderr).toBe(0);
      return createIndex.mock.calls.at(-1)?.[0].tracking;
    };
    expect(await asked()).toBeUndefined();
    expect(await asked('--track', 'wandb,mlflow', '--track', 'tensorboard,wandb')).toEqual({
      trackers: ['wandb', 'mlflow', 'tensorboard'],
      folder: join(folder, 'deep'),
      run: { name: 'my.index', named: false },
      env,
    });
    expect(await asked('--track', 'wandb', '--run-name', 'first', '--wandb-project', 'p')).toMatchObject({
      run: { name: 'first', named: true },
      wandbProject: 'p',
    });
  });

  it('hands on what the flags say of the source', async () => {
    const opening = vi.fn(openSource);
    const flags = ['--from', 'copy', '--coco-year', '2017', '--coco-split', 'train', '--concepts', '5'];
    await runCli(['index', 'coco', '--out', 'o', ...flags], {
      io: { cwd: folder, env: { NEURODEX_CACHE: '/cache' } },
      jobs: { openSource: opening, createIndex: async () => summary },
    });
    expect(opening.mock.calls[0]?.[0]).toMatchObject({
      source: 'coco',
      from: join(folder, 'copy'),
      cocoYear: '2017',
      cocoSplit: 'train',
      concepts: 5,
      environment: { NEURODEX_CACHE: '/cache' },
    });
  });

  it.each([
    [['--coco-year', '2015'], '--coco-year must be 2014 or 2017'],
    [['--coco-split', 'test'], '--coco-split must be train or val'],
    [['--concepts', '1'], '--concepts must be an integer of 2 or more'],
  ])('refuses %j', async (flags, what) => {
    const outcome = await runCli(['index', 'coco', '--out', 'o', '--json', ...flags]);
    expect(outcome.status).toBe(2);
    expect(jsonError(outcome).message).toContain(what);
  });

  it('the size of the pictures follows the data set only while nobody has set it', async () => {
    const opening = vi.fn(openSource);
    const keys = async (...flags: string[]) => {
      await runCli(['index', 'x', '--out', 'o', '--preset', 'seed', ...flags], {
        io: { cwd: folder },
        jobs: { openSource: opening, createIndex: async () => summary },
      });
      const { pictures, dataset: rules } = opening.mock.calls.at(-1)?.[0].config ?? PRESETS.quick;
      return [pictures.size, rules.patchesPerDimension];
    };
    expect(await keys()).toEqual([160, 16]);
    expect(await keys('--set', 'pictures.size=96')).toEqual([96, 0]);
    expect(await keys('--set', 'pictures.size=96', '--set', 'dataset.patchesPerDimension=8')).toEqual([96, 8]);
    expect(await keys('--set', 'pictures.thumbnail=96')).toEqual([160, 16]);
  });

  it('opens no pictures for a configuration that is wrong', async () => {
    const outcome = await runCli(['index', 'photos', '--out', 'o', '--set', 'model.heads=5', '--json']);
    expect(outcome.status).toBe(2);
    expect(jsonError(outcome)).toMatchObject({ code: 'config-invalid', details: { keys: ['model.width'] } });
  });

  it('says which folder is missing, with status 1', async () => {
    const { openSource: real } = await import('../jobs/open-source.ts');
    const outcome = await runCli(['index', 'nowhere', '--out', 'o', '--json'], {
      io: { cwd: folder },
      jobs: { openSource: real },
    });
    expect([outcome.status, jsonError(outcome).code]).toEqual([1, 'source-missing']);
  });
});

describe('dataset', () => {
  const built: PreparedSummary = {
    dataset: '/home/somebody/o',
    built: true,
    pictures: { catalogue: 96, train: 259, validation: 14, test: 15 },
    classes: 6,
    skipped: [],
    skippedKinds: [],
    layout: [],
    warnings: [],
    duplicates: NO_DUPLICATES,
  };
  const facts: DatasetFacts = {
    dataset: 'coco',
    source: 'coco',
    fingerprint: null,
    pictures: 2,
    of: 3,
    classes: [{ name: 'dog', pictures: 2 }],
    captions: 5,
    objects: 1,
    model: { size: 256, patchSize: 16, patches: 256 },
    skipped: [{ path: 'instances_val2014.json', reason: 'annotations[3]: its picture 9 is not in images' }],
    skippedKinds: [{ kind: 'annotations[N]: its picture N is not in images', count: 1 }],
    layout: [],
    warnings: [],
    notices: [],
    examples: [
      {
        picture: 'a.jpg',
        labels: ['dog'],
        captions: ['A dog.'],
        objects: [{ category: 'dog', box: [1, 2, 3.4, 4], area: 9.5, crowd: true }],
      },
    ],
    files: [],
  };

  it('build gives the job what was asked for, and says when nothing had changed', async () => {
    const buildDataset = vi.fn(async (_options: BuildDatasetOptions) => built);
    const jobs = { openSource, buildDataset };
    const argv = ['dataset', 'build', 'coco', '--out', 'o', '--preset', 'seed', '--seed', '3'];
    const outcome = await runCli([...argv, '--force', '--json'], { io: { cwd: folder }, jobs });
    expect(outcome.stdout).toBe(`${JSON.stringify(built)}\n`);
    expect(buildDataset.mock.calls[0]?.[0]).toMatchObject({ dataset, out: join(folder, 'o'), seed: 3, force: true });
    expect(buildDataset.mock.calls[0]?.[0].config).toEqual(PRESETS.seed);
    expect((await runCli(argv, { jobs })).stdout).toContain('96 pictures');
    const again = await runCli(argv, { jobs: { openSource, buildDataset: async () => ({ ...built, built: false }) } });
    expect(again.stdout).toContain('nothing has changed');
  });

  it('show: counts, classes, captions and boxes', async () => {
    const showDataset = vi.fn(async (_options: ShowDatasetOptions) => facts);
    const { stdout } = await runCli(['dataset', 'show', 'coco', '--examples', '1', '--out', 'look'], {
      io: { cwd: folder },
      jobs: { openSource, showDataset },
    });
    expect(showDataset.mock.calls[0]?.[0]).toMatchObject({ examples: 1, out: join(folder, 'look') });
    for (const words of [
      '2 of 3',
      'dog  2',
      '"A dog."',
      'dog (crowd) at 1, 2, 3, 4',
      '256 patches of 16 × 16',
      'annotations[3]',
    ]) {
      expect(stdout).toContain(words);
    }
  });

  it('list: every data set, with its flags', async () => {
    const { listDatasets } = await import('../jobs/list-datasets.ts');
    const jobs = { listDatasets: async () => listDatasets() };
    const { stdout } = await runCli(['dataset', 'list'], { jobs });
    for (const words of ['tiny-imagenet', '--coco-year', 'HF_TOKEN', 'parquet']) expect(stdout).toContain(words);
    const { stdout: json } = await runCli(['dataset', 'list', '--json'], { jobs });
    expect(JSON.parse(json).map(({ name }: { name: string }) => name)).toContain('imagenette');
  });

  it.each([
    [['dataset', 'bild', 'x'], 'usage', 'build'],
    [['dataset', 'build', 'x', '--out', 'o', '--cocoyear', '2014'], 'unknown-flag', '--coco-year'],
    [['dataset', 'show', 'x', '--example', '3'], 'unknown-flag', '--examples'],
    [['dataset', 'build', 'x'], 'usage', 'neurodex dataset build --help'],
    [['dataset', 'show', 'x', '--examples', '0'], 'usage', '--examples'],
  ])('%j is refused with the nearest known word', async (argv, code, words) => {
    const outcome = await runCli([...argv, '--json']);
    expect(outcome.status).toBe(2);
    const error = jsonError(outcome);
    expect(error.code).toBe(code);
    expect(`${error.message} ${error.hint}`).toContain(words);
  });

  it('alone shows its help, as an error', async () => {
    const { status, stdout, stderr } = await runCli(['dataset']);
    expect([status, stdout]).toEqual([2, '']);
    for (const word of ['list', 'build', 'show']) expect(stderr).toContain(word);
  });
});

describe('search', () => {
  const answers = [
    { rank: 1, identifier: '042', picture: 'cat/tom.png', label: 'cat', score: -0.125, relevance: null },
  ];
  const outcome = { none: null, nothingFound: false };
  const searching = () =>
    vi.fn(async ({ files }: SearchOptions) => ({ results: files.map((query) => ({ query, ...outcome, answers })) }));

  it('prints the contract’s object, each query by the name it was given', async () => {
    const searchIndex = searching();
    const { status, stdout } = await runCli(
      ['search', 'out', 'a.png', '../b c.png', '--k', '3', '--system', 'pixels', '--json'],
      {
        jobs: { searchIndex },
      },
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      results: [
        { query: 'a.png', ...outcome, answers },
        { query: '../b c.png', ...outcome, answers },
      ],
    });
    expect(searchIndex.mock.calls[0]?.[0]).toMatchObject({
      index: resolve('/home/somebody/out'),
      files: ['/home/somebody/a.png', '/home/b c.png'].map((file) => resolve(file)),
      k: 3,
      system: 'pixels',
      device: 'cpu',
    });
  });

  it('prints a table for people, ten answers of dsi by default', async () => {
    const searchIndex = searching();
    const { stdout } = await runCli(['search', 'out', 'a\u001b[31m.png'], {
      jobs: { searchIndex },
    });
    expect(searchIndex.mock.calls[0]?.[0]).toMatchObject({ k: 10, system: 'dsi' });
    expect(stdout).toBe(
      [
        'a\\x1b[31m.png',
        'rank   score  class  identifier  picture',
        '────  ──────  ─────  ──────────  ───────────',
        '   1  -0.125  cat    042         cat/tom.png',
        '',
      ].join('\n'),
    );
  });

  it('says how likely answers are relevant, and where nothing matches', async () => {
    const judged = answers.map((answer) => ({ ...answer, relevance: 0.874 }));
    const results = [
      { query: 'a.png', none: 0.12, nothingFound: false, answers: judged },
      { query: 'b.png', none: 0.93, nothingFound: true, answers: [] },
      { query: 'c.png', none: 0.1, nothingFound: false, answers: [] },
    ];
    const searchIndex = vi.fn(async (_: SearchOptions) => ({ results }));
    const argv = ['search', 'out', 'a.png', '--min-relevance', '.5', '--confidence', '0.9', '--all'];
    const { stdout } = await runCli(argv, { jobs: { searchIndex } });
    expect(searchIndex.mock.calls[0]?.[0]).toMatchObject({ minRelevance: 0.5, confidence: 0.9, all: true });
    expect(stdout).toBe(
      [
        'a.png',
        'rank   score  relevant  class  identifier  picture',
        '────  ──────  ────────  ─────  ──────────  ───────────',
        '   1  -0.125      87 %  cat    042         cat/tom.png',
        '',
        'b.png',
        'nothing in the catalogue matches, most likely (93 %)',
        '--all shows what is nearest',
        '',
        'c.png',
        'no answer is as relevant as that',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['--min-relevance', '1.5', 'must be a number from 0 to 1'],
    ['--min-relevance', 'half', 'must be a number from 0 to 1'],
    ['--confidence', '1', 'must be between 0 and 1'],
    ['--confidence', '0', 'must be between 0 and 1'],
    ['--confidence', '90%', 'must be a number from 0 to 1'],
  ])('refuses %s %s', async (flag, value, what) => {
    const { status, stdout, stderr } = await runCli(['search', 'out', 'a.png', flag, value]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`${flag} ${what}`);
  });

  it('fails with status 1 for a query that is not there', async () => {
    const { readPictureFile } = await import('@neurodex/datasets/image');
    const outcome = await runCli(['search', 'out', 'gone.png', '--json'], {
      io: { cwd: folder },
      jobs: {
        searchIndex: async ({ files }) => {
          await readPictureFile(files[0] ?? '');
          return { results: [] };
        },
      },
    });
    expect([outcome.status, outcome.stdout, jsonError(outcome).code]).toEqual([1, '', 'picture-missing']);
  });
});

describe('evaluate', () => {
  it.each([
    [[], undefined],
    [
      ['--systems', 'pixels,dsi'],
      ['pixels', 'dsi'],
    ],
    [['--systems', 'dsi', '--systems', 'dsi'], ['dsi']],
    [
      ['--systems', 'dsi', '--systems', 'pixels'],
      ['dsi', 'pixels'],
    ],
  ])('%j measures %j', async (flags, systems) => {
    const evaluateIndex = vi.fn(async (_options: EvaluateOptions) => evaluation);
    const { stdout } = await runCli(
      ['evaluate', 'out', ...flags, '--split', 'validation', '--trec', 'runs', '--json'],
      {
        jobs: { evaluateIndex },
      },
    );
    expect(stdout).toBe(`${JSON.stringify(evaluation)}\n`);
    expect(evaluateIndex.mock.calls[0]?.[0].systems).toEqual(systems);
    expect(evaluateIndex.mock.calls[0]?.[0]).toMatchObject({
      split: 'validation',
      trec: resolve('/home/somebody/runs'),
    });
  });

  it('shows measures side by side, and says where one does not apply', async () => {
    const { stdout } = await runCli(['evaluate', 'out'], { jobs: { evaluateIndex: async () => evaluation } });
    expect(stdout).toBe(
      [
        '64 test queries over 128 catalogue pictures',
        '',
        'measure                   dsi                pixels',
        '───────  ────────────────────  ────────────────────',
        'IA@1     0.980 [0.950, 1.000]                   n/a',
        'RR       0.750 [0.700, 0.800]  0.625 [0.500, 0.750]',
        '',
        'in brackets: 95 % bootstrap intervals over queries',
        '',
      ].join('\n'),
    );
  });

  it('says which queries were left out, and what a protocol is', async () => {
    const evaluateIndex = vi.fn(async (_options: EvaluateOptions) => ({
      ...evaluation,
      withoutRelevant: 3,
      protocol: 'notebook' as const,
    }));
    const { stdout } = await runCli(['evaluate', 'out', '--protocol', 'notebook', '--seed', '4'], {
      jobs: { evaluateIndex },
    });
    expect(stdout).toContain('3 queries without a relevant picture left out\nthe protocol of the notebook');
    expect(stdout).toContain('MAP@K is the mean of P@K');
    expect(evaluateIndex.mock.calls[0]?.[0]).toMatchObject({ protocol: 'notebook', seed: 4 });
  });

  it('takes measures by name, each once and in order', async () => {
    const evaluateIndex = vi.fn(async (_options: EvaluateOptions) => evaluation);
    const names = 'IA@1 IA@5 P@10 AP AP@10 R@100 RR nDCG@10 Success@1 Rprec';
    await runCli(['evaluate', 'out', '--measures', names, '--measures', 'AP,R@5'], { jobs: { evaluateIndex } });
    const labels = evaluateIndex.mock.calls[0]?.[0].measures?.map(({ label }) => label);
    expect(labels).toEqual([...names.split(' '), 'R@5']);
  });

  it('judges runs of other programs', async () => {
    const judgeRuns = vi.fn(async (_options: EvaluateRunsOptions) => ({
      queries: 50,
      withoutRelevant: 2,
      systems: { 'a.txt': { AP: 0.5 } },
      intervals: { 'a.txt': { AP: [0.4, 0.6] as const } },
    }));
    const argv = ['evaluate', '--run', 'a.txt', '--run', 'b/c.txt', '--qrels', 'q.txt', '--measures', 'AP'];
    const { stdout, status } = await runCli(argv, { jobs: { judgeRuns } });
    expect(status).toBe(0);
    expect(judgeRuns.mock.calls[0]?.[0]).toMatchObject({
      qrels: { name: 'q.txt', path: resolve('/home/somebody/q.txt') },
      runs: [
        { name: 'a.txt', path: resolve('/home/somebody/a.txt') },
        { name: 'b/c.txt', path: resolve('/home/somebody/b/c.txt') },
      ],
      seed: 0,
    });
    expect(stdout).toContain('50 judged queries, 2 of them without a relevant document');
    expect(stdout).toContain('AP       0.500 [0.400, 0.600]');
  });
});

describe('compare', () => {
  it('gives the job the indexes and prints who wins on what', async () => {
    const compareIndexes = vi.fn(async (_options: CompareIndexesOptions) => contest);
    const { stdout } = await runCli(['compare', 'a', 'b', '--systems', 'dsi', '--measures', 'RR P@10'], {
      jobs: { compareIndexes },
    });
    expect(compareIndexes.mock.calls[0]?.[0]).toMatchObject({
      indexes: [
        { name: 'a', path: resolve('/home/somebody/a') },
        { name: 'b', path: resolve('/home/somebody/b') },
      ],
      systems: ['dsi'],
      split: 'test',
      seed: 0,
    });
    expect(stdout).toContain('RR       dsi − pixels  +0.125 [+0.050, +0.200]   +0.40  0.0010    0.0020  dsi');
    expect(stdout).toContain('Holm’s correction over 2 tests, level 0.05');
    expect(stdout).toContain('\ndsi is better than pixels on RR\n');
    expect(stdout).toContain('\nno difference is shown between dsi and pixels on P@10\n');
  });

  it('compares runs where judgements are given, and prints the object', async () => {
    const compareRuns = vi.fn(async (_options: CompareRunsOptions) => contest);
    const { stdout } = await runCli(['compare', 'a.txt', 'b.txt', '--qrels', 'q.txt', '--json'], {
      jobs: { compareRuns },
    });
    expect(JSON.parse(stdout)).toEqual(contest);
    expect(compareRuns.mock.calls[0]?.[0].runs.map(({ name }) => name)).toEqual(['a.txt', 'b.txt']);
  });
});

describe('attention', () => {
  it('asks for the best answer by default, and names the patch that was looked at most', async () => {
    const seen = { patches: [0.1, 0.2, 0.6, 0.1], onPicture: 0.75 };
    const showAttention = vi.fn(async (_options: AttentionOptions) => ({
      query: '/x/a.png',
      identifier: '7',
      picture: 'c/b.png',
      label: 'c',
      side: 2,
      tokens: [{ token: '7', probability: 0.5, lastLayer: seen, rollout: { ...seen, patches: [0, 1, 0, 0] } }],
    }));
    const jobs = { showAttention };
    const { stdout } = await runCli(['attention', 'out', 'a.png', '--out', 'p.png'], { jobs });
    expect(showAttention.mock.calls[0]?.[0]).toMatchObject({ out: resolve('/home/somebody/p.png'), device: 'cpu' });
    expect(showAttention.mock.calls[0]?.[0]).not.toHaveProperty('identifier');
    expect(stdout).toMatch(/7 +0\.500 +75 % +row 2, column 1 \(60 %\) +row 1, column 2 \(100 %\)/);
    expect(stdout).toContain('drawn in p.png');
    const json = await runCli(['attention', 'out', 'a.png', '--identifier', '7', '--json'], { jobs });
    expect(JSON.parse(json.stdout)).toMatchObject({ query: 'a.png', tokens: [{ lastLayer: seen }] });
    expect(showAttention.mock.calls[1]?.[0]).toMatchObject({ identifier: '7' });
  });
});

describe('report', () => {
  it('is written into the index unless told otherwise, and prints the figures and where it is', async () => {
    const asked: ReportOptions[] = [];
    const writeReport = async (options: ReportOptions) => {
      asked.push(options);
      return { report: options.out, evaluation } as unknown as WrittenReport;
    };
    const { stdout } = await runCli(['report', 'my index', '--measures', 'AP'], { jobs: { writeReport } });
    expect(asked[0]).toMatchObject({ out: resolve('/home/somebody/my index/report.html'), split: 'test', seed: 0 });
    expect(asked[0]?.measures?.map(({ label }) => label)).toEqual(['AP']);
    expect(stdout).toContain('RR       0.750 [0.700, 0.800]');
    expect(stdout).toContain(`report  ${join('my index', 'report.html')}`);
    const json = await runCli(['report', 'x', '--out', 'r.html', '--json'], { jobs: { writeReport } });
    expect(JSON.parse(json.stdout)).toMatchObject({ report: resolve('/home/somebody/r.html'), evaluation });
  });
});

describe('inspect and demo', () => {
  it('inspect shows everything that was skipped and who made the pictures', async () => {
    const inspection: IndexFacts = {
      index: '/x',
      version: 3,
      digest: '0123456789abcdef'.repeat(4),
      unlisted: ['report.html'],
      neurodex: '0.1.0',
      created: '2026-01-01T00:00:00Z',
      seed: 7,
      dataset: { name: 'folder', source: '/pictures' },
      catalogue: 12,
      queries: { train: 20, validation: 2, test: 4 },
      classes: 3,
      learnedFrom: 34,
      systems: ['dsi', 'bovw'],
      bovw: {
        vocabulary: { file: 'vocabulary.safetensors', bytes: 77_000, sha256: '' },
        descriptors: 4321,
        withoutKeypoints: 1,
        inertia: 1,
      },
      parameters: 1000,
      bytes: 1_234_567,
      training: { device: 'cpu', steps: 10, seconds: 3, validation: {} },
      config: PRESETS.default,
      skipped: [
        { path: 'a.txt', reason: 'not a picture file' },
        { path: 'b\n.jpg', reason: 'empty' },
      ],
      duplicates: NO_DUPLICATES,
      notices: [{ work: 'OpenMoji', author: 'HfG', licence: 'CC BY-SA 4.0', url: 'https://openmoji.org' }],
    };
    const inspectIndex = vi.fn(async (_options: { verify: boolean }) => inspection);
    const jobs = { inspectIndex };
    const { stdout } = await runCli(['inspect', '/x', '--verify'], { jobs });
    expect(stdout).toContain('1.23 MB');
    expect(stdout).toContain(`digest      ${inspection.digest}`);
    expect(stdout).toContain('ignored 1 file, no part of the index\n  report.html\n');
    expect(stdout).toContain('4,321 descriptors, vocabulary of 77.0 kB, 1 picture without keypoints');
    expect(stdout).toContain('patchSize 24, stem windows, windows 4');
    expect(stdout).toContain('  a.txt: not a picture file\n  b\\x0a.jpg: empty\n');
    expect(stdout).toContain('OpenMoji by HfG, CC BY-SA 4.0');
    expect(JSON.parse((await runCli(['inspect', '/x', '--json'], { jobs })).stdout)).toEqual(inspection);
    expect(inspectIndex.mock.calls.map(([{ verify }]) => verify)).toEqual([true, false]);
  });

  it('demo ends with the object of evaluate, or with what to try next', async () => {
    const result = {
      evaluation,
      contactSheet: join(folder, 'neurodex-demo/contact-sheet.png'),
      learningCurve: join(folder, 'neurodex-demo/learning-curve.svg'),
      index: join(folder, 'neurodex-demo/index'),
      tryNext: join(folder, 'neurodex-demo/queries/red apple.png'),
      tryWords: 'red apple',
    };
    const runDemo = vi.fn(async (_options: DemoOptions) => result);
    const options = { io: { cwd: folder }, jobs: { runDemo } };
    const json = await runCli(['demo', '--json'], options);
    expect(json.stdout).toBe(`${JSON.stringify(evaluation)}\n`);
    const [asked] = runDemo.mock.calls[0] ?? [];
    expect(asked).toMatchObject({ out: join(folder, 'neurodex-demo'), concepts: 64, seed: 0, force: false });
    expect(asked).not.toHaveProperty('preset');
    const text = await runCli(['demo', '--preset', 'quick', '--concepts', '8'], options);
    expect(runDemo.mock.calls[1]?.[0]).toMatchObject({ preset: 'quick', concepts: 8 });
    expect(text.stdout).toContain("npx neurodex search neurodex-demo/index 'neurodex-demo/queries/red apple.png'\n");
    expect(text.stdout).toContain("npx neurodex search neurodex-demo/index --text 'red apple'\n");
  });
});

describe('failure', () => {
  const failing = (error: unknown, io = {}) =>
    runCli(['search', 'out', 'a.png'], { io, jobs: { searchIndex: () => Promise.reject(error) } });

  it('words a fault of the program without a stack, and with one for those who debug', async () => {
    const { status, stderr } = await failing(new TypeError('x is undefined'));
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: internal error: x is undefined\nhint: .*report it.*\n$/);
    const debugged = await failing(new TypeError('x is undefined'), { env: { NEURODEX_DEBUG: '1' } });
    expect(debugged.stderr).toMatch(/\n {4}at /);
  });

  it('words a device that is not there', async () => {
    const { status, stderr } = await failing(new RuntimeError('the device cuda cannot be used here: no such provider'));
    expect(status).toBe(1);
    expect(stderr).toBe(
      'error: the device cuda cannot be used here: no such provider\nhint: run on the CPU with --device cpu\n',
    );
  });

  it('passes on the refusal of standard output', async () => {
    const { status, stderr } = await runCli(['evaluate', 'out'], {
      io: { stdout: { write: () => Promise.reject(new NeurodexError('disk-full', 'no space left')) } },
      jobs: { evaluateIndex: async () => evaluation },
    });
    expect([status, stderr]).toEqual([1, 'error: no space left\n']);
  });
});

describe('serve', () => {
  const served = { address: 'http://127.0.0.1:8080', requests: 12, seconds: 61 };
  const asked = async (args: readonly string[], env: Record<string, string> = {}) => {
    const serve = vi.fn(async (_options: ServeOptions) => served);
    const outcome = await runCli(['serve', ...args], { io: { env, cwd: '/home/somebody' }, jobs: { serve } });
    return { outcome, options: serve.mock.calls[0]?.[0] };
  };

  it('is for this machine alone, one process without a token by default', async () => {
    const { outcome, options } = await asked(['a', '/b']);
    expect(outcome).toEqual({ status: 0, stdout: '12 requests in 1 min 1 s\n', stderr: '' });
    expect(options).toMatchObject({
      indexes: ['/home/somebody/a', '/b'],
      host: '127.0.0.1',
      port: 8080,
      token: undefined,
      open: false,
      workers: 1,
      cors: [],
      allowHosts: [],
      limits: DEFAULT_LIMITS,
    });
  });

  it('takes limits, origins and names', async () => {
    const { options } = await asked(
      ['a', '--max-body', '2', '--max-pixels', '1000', '--queue', '3', '--connections', '4', '--timeout', '5'].concat([
        '--cors',
        'https://a.example',
        '--cors',
        'https://b.example',
        '--allow-host',
        'c.example',
        '--workers',
        '6',
      ]),
    );
    expect(options?.limits).toEqual({
      ...DEFAULT_LIMITS,
      bodyBytes: 2 * 2 ** 20,
      maxPixels: 1000,
      queue: 3,
      connections: 4,
      searchSeconds: 5,
    });
    expect(options).toMatchObject({
      cors: ['https://a.example', 'https://b.example'],
      allowHosts: ['c.example'],
      workers: 6,
    });
  });

  it('has room for one of the largest bodies at least, and a base path without the slash at its end', async () => {
    const bodies = async (...args: string[]) => (await asked(['a', ...args])).options?.limits.allBodyBytes;
    expect(await bodies()).toBe(256 * 2 ** 20);
    expect(await bodies('--max-body', '500')).toBe(500 * 2 ** 20);
    expect(await bodies('--max-body', '8', '--max-bodies', '8')).toBe(8 * 2 ** 20);
    expect((await asked(['a', '--base-path', '/photos/'])).options?.basePath).toBe('/photos');
  });

  it('takes the token from the command line, or else from the environment', async () => {
    const env = { NEURODEX_TOKEN: 'of the environment' };
    expect((await asked(['a', '--token', 'mine'], env)).options).toMatchObject({ token: 'mine', open: false });
    expect((await asked(['a'], env)).options).toMatchObject({ token: 'of the environment', open: false });
    expect((await asked(['a', '--no-token'], env)).options).toMatchObject({ token: undefined, open: true });
    expect((await asked(['a'], { NEURODEX_TOKEN: '' })).options).toMatchObject({ token: undefined, open: false });
  });

  it('takes places of indexes in shards, and the servers that it fronts', async () => {
    const env = { NEURODEX_SHARD_TOKEN: 'of the environment' };
    const plain = (await asked(['s3://bucket/photos', 'b'])).options;
    expect(plain?.indexes).toEqual(['s3://bucket/photos', '/home/somebody/b']);
    expect(plain?.shards).toEqual({ asked: undefined, urls: [], token: undefined, timeout: 2 });
    const urls = ['http://one:8080/', 'https://two/below', 'http://one:8080'].flatMap((url) => ['--shard-url', url]);
    const { options } = await asked(['a', '--shards', '8', '--shard-timeout', '0.5', ...urls], env);
    expect(options?.shards).toEqual({
      ...{ asked: 8, token: 'of the environment', timeout: 0.5 },
      urls: ['http://one:8080', 'https://two/below'],
    });
    expect((await asked(['a', '--shard-token', 'mine'], env)).options?.shards).toMatchObject({ token: 'mine' });
  });

  it('takes the token for writing from the command line, or else from the environment', async () => {
    const env = { NEURODEX_WRITE_TOKEN: 'of the environment' };
    expect((await asked(['a', '--write-token', 'mine'], env)).options).toMatchObject({ writeToken: 'mine' });
    expect((await asked(['a'], env)).options).toMatchObject({ writeToken: 'of the environment', token: undefined });
    expect((await asked(['a'], { NEURODEX_WRITE_TOKEN: ' ' })).options).toMatchObject({ writeToken: undefined });
  });

  it.each([
    [['a', '--port', '70000'], 'an integer from 0 to 65535'],
    [['a', '--shards', '0'], 'an integer from 1 to 99999'],
    [['a', '--shard-url', 'shards-1:8080'], 'write --shard-url http://shards-1:8080'],
    [['a', '--shard-url', 'http://u:pass@shards-1'], 'takes no user or password: shards-1'],
    [['a', '--shard-timeout', '0'], 'a number from 0.05 to 600'],
    [['a', '--shard-timeout', '1s'], 'write --shard-timeout 2'],
    [['a', '--workers', '0'], 'an integer from 1 to 256'],
    [['a', '--tokn', 'x'], 'did you mean --token?'],
    [['a', '--token', ''], '--token needs a value'],
    [['a', '--max-bodies', '15'], 'write --max-bodies 16 or more'],
    [['a', '--base-path', 'photos'], '--base-path takes a path'],
    [['a', '--base-path', ''], '--base-path needs a value'],
    [['a', '--cors', '*'], '--cors takes an origin'],
    [['a', '--cors', 'https://a.example/page'], 'write --cors https://a.example'],
  ])('refuses %j', async (args, why) => {
    const { outcome } = await asked(args);
    expect([outcome.status, outcome.stdout]).toEqual([2, '']);
    expect(outcome.stderr).toContain(why);
  });
});

describe('the terminal', () => {
  const drawn = async (env: Record<string, string>) => {
    let time = 0;
    const written: string[] = [];
    const stderr = { isTTY: true, columns: 80, rows: 24, write: (more: string) => void written.push(more) };
    await runCli(['index', 'photos', '--out', 'o'], {
      io: { env, stderr, now: () => time },
      jobs: {
        openSource,
        createIndex: async ({ reporter }) => {
          for (let done = 1; done <= 100; done++) {
            reporter.progress({ phase: 'joint', done, total: 100, unit: 'steps', metrics: { loss: 1 / done } });
            time += 100;
          }
          return summary;
        },
      },
    });
    return written.join('');
  };

  it('is drawn on in colours, without them where NO_COLOR is set, and in whole lines where it is dumb', async () => {
    const [coloured, plain, dumb] = [await drawn({}), await drawn({ NO_COLOR: '1' }), await drawn({ TERM: 'dumb' })];
    expect(coloured).toContain('\u001b[36m');
    expect(coloured).toContain('memory');
    expect(plain).toContain('\u001b[K');
    expect(plain).not.toContain('\u001b[36m');
    expect(dumb).not.toContain('\u001b');
    expect(dumb.trimEnd().split('\n').at(-1)).toBe('joint      100/100 steps  in 10 s  loss 0.010');
  });
});

describe('interruption', () => {
  it('lets index unwind, then says so with status 1', async () => {
    const controller = new AbortController();
    const steps: string[] = [];
    const outcome = await runCli(['index', 'photos', '--out', 'o'], {
      io: { signal: controller.signal },
      jobs: {
        openSource,
        createIndex: async ({ signal }) => {
          controller.abort();
          await Promise.resolve();
          steps.push('cleaned up');
          throw signal?.reason;
        },
      },
    });
    expect([outcome.status, outcome.stdout, steps]).toEqual([1, '', ['cleaned up']]);
    expect(outcome.stderr).toMatch(/^plan: .*\nstopping; Ctrl-C again stops at once\nerror: interrupted\n$/);
  });

  it('does not wait for a search that knows nothing of signals', async () => {
    const controller = new AbortController();
    const outcome = await runCli(['search', 'out', 'a.png', '--json'], {
      io: { signal: controller.signal },
      jobs: {
        searchIndex: () => {
          controller.abort();
          return new Promise(() => {});
        },
      },
    });
    expect([outcome.status, jsonError(outcome).code]).toEqual([1, 'interrupted']);
  });
});

it('needs neither sharp nor ONNX Runtime to parse a command line', async () => {
  const source = dirname(dirname(fileURLToPath(import.meta.url)));
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = async (file: string): Promise<void> => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = await readFile(file, 'utf8');
    // Static imports that remain after the types are erased; `import(…)` has no `from`.
    for (const [, clause = '', name = ''] of text.matchAll(/^(?:import|export)\s+([^;]*?)from '([^']+)';/gm)) {
      if (clause.startsWith('type ')) continue;
      if (name.startsWith('.')) await visit(resolve(dirname(file), name));
      else if (name === '@neurodex/autograd') await visit(join(source, '../../autograd/src/index.ts'));
      else packages.add(name);
    }
  };
  await visit(join(source, 'cli/main.ts'));
  expect(seen.size).toBeGreaterThan(20);
  expect(packages).toContain('commander');
  expect([...packages].filter((name) => /sharp|onnxruntime|zod|plot|linkedom/.test(name))).toEqual([]);
});

it.each([
  ['--encoder', 'clip-vit-b32'],
  ['--set', 'encoder.file=clip-vit-b32'],
  ['--encoder', '123'],
])('%s %s names the encoder', async (flag, value) => {
  const createIndex = vi.fn(async (_options: CreateIndexOptions) => summary);
  await runCli(['index', 'x', '--out', 'o', flag, value], { jobs: { openSource, createIndex } });
  const { config, environment } = createIndex.mock.calls[0]?.[0] ?? {};
  expect(config?.encoder.file).toBe(value.replace('encoder.file=', ''));
  // Downloads go where the command line was told.
  expect(environment).toBeDefined();
});

it('reads a configuration file from where it is run', async () => {
  await writeFile(join(folder, 'c.json'), JSON.stringify({ preset: 'seed', model: { layers: 2 } }));
  const createIndex = vi.fn(async (_options: CreateIndexOptions) => summary);
  await runCli(['index', 'x', '--out', 'o', '--config', 'c.json'], {
    io: { cwd: folder },
    jobs: { openSource, createIndex },
  });
  expect(createIndex.mock.calls[0]?.[0].config).toEqual({
    ...PRESETS.seed,
    model: { ...PRESETS.seed.model, layers: 2 },
  });
});

describe('export', () => {
  const summary: ExportSummary = {
    index: '/home/somebody/photos.index',
    precision: 'int8',
    measured: { measure: 'AP@10', split: 'test', queries: 150, original: 0.5, exported: 0.4875, loss: 0.0125 },
    encoder: null,
    exports: [
      { kind: 'web', folder: '/home/somebody/site', files: [{ file: 'index.html', bytes: 1200 }] },
      {
        kind: 'onnx',
        folder: '/home/somebody/m',
        files: [
          { file: 'a', bytes: 900_000 },
          { file: 'b', bytes: 100_000 },
        ],
      },
    ],
  };
  const exportIndex = vi.fn(async (_: ExportOptions) => summary);

  it('hands on where to and how, and prints what was written', async () => {
    const asked = [
      'export',
      'photos.index',
      '--web',
      'site',
      '--onnx',
      'm',
      '--precision',
      'int8',
      '--k',
      '7',
      '--force',
    ];
    const { status, stdout, stderr } = await runCli(asked, { jobs: { exportIndex } });
    expect([status, stderr]).toEqual([0, '']);
    expect(exportIndex.mock.calls[0]?.[0]).toMatchObject({
      index: '/home/somebody/photos.index',
      out: { web: '/home/somebody/site', onnx: '/home/somebody/m' },
      precision: 'int8',
      k: 7,
      force: true,
      device: 'cpu',
    });
    expect(stdout).toBe(
      [
        'static site       site: 1 file, 1.20 kB',
        'ONNX models       m: 2 files, 1.00 MB',
        'weights           int8',
        'AP@10             0.4875 on 150 test queries; as trained 0.5000: 0.0125 lost',
        '',
      ].join('\n'),
    );
  });

  it('stores weights as they are by default, and prints one object for programs', async () => {
    exportIndex.mockClear();
    const { stdout } = await runCli(['export', 'photos.index', '--triton', 't', '--json'], { jobs: { exportIndex } });
    expect(JSON.parse(stdout)).toEqual(summary);
    expect(exportIndex.mock.calls[0]?.[0]).toMatchObject({ precision: 'float32', k: 100, force: false });
    expect(exportIndex.mock.calls[0]?.[0].out).toEqual({ triton: '/home/somebody/t' });
    expect(exportIndex.mock.calls[0]?.[0].withEncoder).toBe(false);
  });

  it.each([
    [{ name: 'dinov2-small', licence: 'Apache-2.0', bytes: 88_532_934 }, '88.5 MB, dinov2-small, Apache-2.0'],
    [{ name: null, licence: null, bytes: 2021 }, '2.02 kB, licence not known'],
  ])('includes the encoder where it is asked for, and says whose it is: %j', async (encoder, said) => {
    exportIndex.mockClear();
    exportIndex.mockResolvedValueOnce({ ...summary, encoder });
    const asked = ['export', 'photos.index', '--onnx', 'm', '--with-encoder'];
    const { stdout } = await runCli(asked, { jobs: { exportIndex } });
    expect(exportIndex.mock.calls[0]?.[0].withEncoder).toBe(true);
    expect(stdout).toContain(`encoder           ${said}\n`);
  });
});
