import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RuntimeError } from '@neurodex/autograd';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Dataset } from '../datasets/dataset.ts';
import { NeurodexError } from '../errors.ts';
import type { CreateIndexOptions, IndexSummary } from '../jobs/create-index.ts';
import type { DemoOptions } from '../jobs/demo.ts';
import type { EvaluateOptions } from '../jobs/evaluate-index.ts';
import type { IndexFacts } from '../jobs/inspect-index.ts';
import type { SearchOptions } from '../jobs/search.ts';
import { PRESETS } from '../presets/presets.ts';
import { jsonError, runCli } from './test-io.fixture.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-cli-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const dataset: Dataset = { name: 'folder', source: '/pictures', pictures: [], notices: [], skipped: [] };
const summary: IndexSummary = {
  index: '/home/somebody/out',
  catalogue: 12,
  queries: { train: 20, validation: 2, test: 4 },
  skipped: [{ path: 'a.txt', reason: 'not a picture file' }],
  systems: ['dsi', 'bovw', 'pixels'],
  parameters: 123456,
  steps: 300,
  seconds: 75,
  validation: { 'AP@10': 0.5 },
};
const evaluation = {
  catalogue: 128,
  queries: 64,
  systems: { dsi: { 'IA@1': 0.98, RR: 0.75 }, pixels: { RR: 0.625 } },
};

describe('help and version', () => {
  it('lists the commands on standard output', async () => {
    const { status, stdout, stderr } = await runCli(['--help']);
    expect(status).toBe(0);
    expect(stderr).toBe('');
    for (const command of ['demo', 'index', 'search', 'evaluate', 'inspect']) expect(stdout).toContain(`  ${command} `);
    expect(stdout).toContain('Exit status');
  });

  it.each(['demo', 'index', 'search', 'evaluate', 'inspect'])('%s --help has examples, as help %s', async (command) => {
    const { status, stdout } = await runCli([command, '--help']);
    expect(status).toBe(0);
    expect(stdout).toContain(`Examples:\n  neurodex ${command}`);
    expect(await runCli(['help', command])).toEqual({ status: 0, stdout, stderr: '' });
  });

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
    [['evaluate', 'x', '--systems', 'dsi,bow'], 'usage', 'did you mean --systems bovw?'],
    [['index', 'x', '--out', 'y', '--systems', 'dsi,'], 'usage', '--systems'],
    [['evaluate', 'x', '--split', 'train'], 'usage', 'did you mean --split'],
    [['search', 'x', 'y.png', '--device', 'gpu'], 'usage', 'did you mean --device'],
    [['demo', '--seed', '4294967296'], 'usage', 'write --seed 7'],
    [['demo', '--preset', 'quik'], 'unknown-preset', 'did you mean quick?'],
    [['index', 'x', '--out', 'y', '--preset', 'constructor'], 'unknown-preset', 'Presets: default, quick, seed'],
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
    const folderSource = vi.fn(async (_path: string) => dataset);
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
        sources: { folder: folderSource },
        jobs: { createIndex },
      },
    );
    expect(outcome.status).toBe(0);
    expect(outcome.stdout).toBe(`${JSON.stringify(summary)}\n`);
    expect(folderSource).toHaveBeenCalledWith(join(folder, 'photos'));
    const asked = createIndex.mock.calls[0]?.[0];
    expect(asked).toMatchObject({ dataset, out: join(folder, 'out'), seed: 7, force: true, device: 'cpu', signal });
    expect(asked?.config).toEqual({ ...PRESETS.quick, training: { ...PRESETS.quick.training, batchSize: 8 } });
    const lines = outcome.stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ progress: { phase: 'joint', done: 5, total: 5, unit: 'steps' } });
    expect(lines[1]).toEqual({ warning: { message: 'skipped a.txt: not a picture file', details: { path: 'a.txt' } } });
  });

  it('goes on with what an unfinished run began with, and with what is said on top of it', async () => {
    const begun = {
      config: { ...PRESETS.seed, retrieval: { exactUpTo: 7, beam: 3 } },
      seed: 5,
      systems: ['dsi'] as const,
    };
    const readBegun = vi.fn(async () => begun);
    const createIndex = vi.fn(async () => summary);
    const resume = async (...more: string[]) => {
      const { status } = await runCli(['index', 'photos', '--out', 'out', '--resume', ...more], {
        io: { cwd: folder },
        sources: { folder: async () => dataset },
        jobs: { createIndex, readBegun },
      });
      expect(status).toBe(0);
      return (createIndex.mock.calls.at(-1) as unknown as [CreateIndexOptions])[0];
    };
    expect(await resume()).toMatchObject({ ...begun, resume: true, force: false, onNan: 'stop' });
    expect(readBegun).toHaveBeenLastCalledWith(join(folder, 'out'), { orComplete: true });
    const changed = await resume('--set', 'training.indexingEpochs=3', '--seed', '6', '--on-nan', 'skip', '--force');
    expect(changed).toMatchObject({ seed: 6, systems: ['dsi'], force: true, onNan: 'skip' });
    expect(changed.config).toEqual({ ...begun.config, training: { ...PRESETS.seed.training, indexingEpochs: 3 } });
    expect(readBegun).toHaveBeenLastCalledWith(join(folder, 'out'), { orComplete: false });
    // A preset or a file says all of it, and what differs is refused by the job.
    expect((await resume('--preset', 'quick')).config).toEqual(PRESETS.quick);
  });

  it('tells a person what was made and what to do next', async () => {
    const { stdout, stderr } = await runCli(['index', 'photos', '--out', 'my index', '--quiet'], {
      sources: { folder: async () => dataset },
      jobs: {
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

  it('takes emoji as a data set, or as a folder where one is called so', async () => {
    const asked: unknown[] = [];
    const services = {
      sources: {
        emoji: async (options: { concepts: number }) => {
          asked.push(options.concepts);
          return dataset;
        },
        folder: async (path: string) => {
          asked.push(path);
          return dataset;
        },
      },
      jobs: { createIndex: async () => summary },
      io: { cwd: folder },
    };
    await runCli(['index', 'emoji', '--out', 'o'], services);
    await runCli(['index', 'emoji', '--out', 'o', '--concepts', '5'], services);
    await mkdir(join(folder, 'emoji'));
    await runCli(['index', 'emoji', '--out', 'o'], services);
    expect(asked).toEqual([64, 5, join(folder, 'emoji')]);
    const refused = await runCli(['index', 'emoji', '--out', 'o', '--concepts', '5', '--json'], services);
    expect([refused.status, jsonError(refused).code]).toEqual([2, 'usage']);
  });

  it('opens no pictures for a configuration that is wrong', async () => {
    const outcome = await runCli(['index', 'photos', '--out', 'o', '--set', 'model.heads=3', '--json']);
    expect(outcome.status).toBe(2);
    expect(jsonError(outcome)).toMatchObject({ code: 'config-invalid', details: { keys: ['model.width'] } });
  });

  it('says which folder is missing, with status 1', async () => {
    const { openFolder } = await import('../datasets/folder.ts');
    const outcome = await runCli(['index', 'nowhere', '--out', 'o', '--json'], {
      io: { cwd: folder },
      sources: { folder: openFolder },
    });
    expect([outcome.status, jsonError(outcome).code]).toEqual([1, 'source-missing']);
  });
});

describe('search', () => {
  const answers = [{ rank: 1, identifier: '042', picture: 'cat/tom.png', label: 'cat', score: -0.125 }];
  const searching = () =>
    vi.fn(async ({ files }: SearchOptions) => ({ results: files.map((query) => ({ query, answers })) }));

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
        { query: 'a.png', answers },
        { query: '../b c.png', answers },
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

  it('prints a table for people, ten answers of dsi unless told', async () => {
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

  it('fails with status 1 for a query that is not there', async () => {
    const { readPictureFile } = await import('../image/decode.ts');
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
        'measure    dsi  pixels',
        '───────  ─────  ──────',
        'IA@1     0.980     n/a',
        'RR       0.750   0.625',
        '',
      ].join('\n'),
    );
  });
});

describe('inspect and demo', () => {
  it('inspect shows everything that was skipped and who made the pictures', async () => {
    const inspection: IndexFacts = {
      index: '/x',
      version: 1,
      neurodex: '0.1.0',
      created: '2026-01-01T00:00:00Z',
      seed: 7,
      dataset: { name: 'folder', source: '/pictures' },
      catalogue: 12,
      queries: { train: 20, validation: 2, test: 4 },
      classes: 3,
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
      notices: [{ work: 'OpenMoji', author: 'HfG', licence: 'CC BY-SA 4.0', url: 'https://openmoji.org' }],
    };
    const inspectIndex = vi.fn(async (_options: { verify: boolean }) => inspection);
    const jobs = { inspectIndex };
    const { stdout } = await runCli(['inspect', '/x', '--verify'], { jobs });
    expect(stdout).toContain('1.23 MB');
    expect(stdout).toContain('4,321 descriptors, vocabulary of 77.0 kB, 1 picture without keypoints');
    expect(stdout).toContain('patchSize 8, stem convolutional');
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
      'error: the device cuda cannot be used here: no such provider\nhint: leave out --device to run on the CPU\n',
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

describe('interruption', () => {
  it('lets index unwind, then says so with status 1', async () => {
    const controller = new AbortController();
    const steps: string[] = [];
    const outcome = await runCli(['index', 'photos', '--out', 'o'], {
      io: { signal: controller.signal },
      sources: { folder: async () => dataset },
      jobs: {
        createIndex: async ({ signal }) => {
          controller.abort();
          await Promise.resolve();
          steps.push('cleaned up');
          throw signal?.reason;
        },
      },
    });
    expect([outcome.status, outcome.stdout, steps]).toEqual([1, '', ['cleaned up']]);
    expect(outcome.stderr).toBe('stopping; Ctrl-C again stops at once\nerror: interrupted\n');
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

it('reads a configuration file from where it is run', async () => {
  await writeFile(join(folder, 'c.json'), JSON.stringify({ preset: 'seed', model: { layers: 2 } }));
  const createIndex = vi.fn(async (_options: CreateIndexOptions) => summary);
  await runCli(['index', 'x', '--out', 'o', '--config', 'c.json'], {
    io: { cwd: folder },
    sources: { folder: async () => dataset },
    jobs: { createIndex },
  });
  expect(createIndex.mock.calls[0]?.[0].config).toEqual({
    ...PRESETS.seed,
    model: { ...PRESETS.seed.model, layers: 2 },
  });
});
