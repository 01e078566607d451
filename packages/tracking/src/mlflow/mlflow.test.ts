import { type Reporter, silentReporter } from '@neurodex/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Kept, start, step, trackerContract } from '../tracker.contract.ts';
import type { TrackerContext } from '../tracker.ts';
import { mlflowAddress } from './client.ts';
import { FakeMlflow, type Trouble } from './fake-server.fixture.ts';
import { type MlflowOptions, MlflowTracker } from './tracker.ts';

let server: FakeMlflow;
let url: string;
beforeEach(async () => {
  server = new FakeMlflow();
  url = await server.listen();
});
afterEach(() => server.close());

const run = { id: 'abc1234', name: 'photos', named: false, started: '2024-05-01T10:00:00.000Z', resumed: false };
const quick: MlflowOptions = { interval: 5, firstPause: 10, patience: 10_000, farewell: 20_000 };
/** For servers that never answer well. */
const impatient: MlflowOptions = { ...quick, patience: 150, farewell: 600 };
const open = (reporter: Reporter, env: Record<string, string> = {}, options = quick): MlflowTracker => {
  const context: TrackerContext = { run, folder: '/nowhere', env: { MLFLOW_TRACKING_URI: url, ...env }, reporter };
  return new MlflowTracker(context, options);
};

const NAMES = {
  'train/loss': 'loss',
  'train/token_accuracy': 'tokenAccuracy',
  'train/learning_rate': 'learningRate',
  'train/gradient_norm': 'gradientNorm',
  'train/pictures_per_second': 'picturesPerSecond',
  'train/step_seconds': 'seconds',
} as const;

async function read(): Promise<Kept> {
  const [kept] = server.runs;
  const config: Record<string, Record<string, unknown>> = {};
  for (const [key, value] of kept?.params ?? []) {
    const [section = '', name = ''] = key.split('.');
    const parsed = /^(true|false|[\d.]+)$/.test(value) ? JSON.parse(value) : value;
    config[section] = { ...config[section], [name]: parsed };
  }
  const steps = new Map<number, Record<string, number>>();
  const metrics: Record<string, number> = {};
  let validated: number | undefined;
  for (const { key, value, step: at } of kept?.metrics ?? []) {
    const name = NAMES[key as keyof typeof NAMES];
    if (name !== undefined) steps.set(at, { ...steps.get(at), step: at, [name]: value });
    if (key.startsWith('validation/')) {
      metrics[key.slice('validation/'.length).replace('_at_', '@')] = value;
      validated = at;
    }
  }
  const pictures: Record<string, Buffer[]> = {};
  for (const [path, bytes] of kept?.artifacts ?? []) {
    const [name = ''] = path.split('/');
    if (path.endsWith('.png')) pictures[name] = [...(pictures[name] ?? []), bytes];
  }
  return {
    config,
    seed: Number(kept?.params.get('seed')),
    steps: [...steps.values()] as unknown as Kept['steps'],
    validations: validated === undefined ? [] : [{ step: validated, metrics }],
    texts: kept?.artifacts.get('messages.txt')?.toString() ?? '',
    pictures,
    endedWell: kept?.status === 'RUNNING' ? undefined : kept?.status === 'FINISHED',
  };
}

trackerContract({
  name: 'MlflowTracker',
  open: async (reporter) => ({ tracker: open(reporter), read }),
  events: { none: 'an MLflow run has parameters, metrics and files' },
  failing: async (reporter) => {
    server.trouble = 'errors';
    return open(reporter, {}, impatient);
  },
  hanging: async (reporter) => {
    server.trouble = 'hangs';
    return open(reporter, {}, impatient);
  },
  recovering: async (reporter) => {
    server.trouble = 'errors';
    const tracker = open(reporter);
    return {
      tracker,
      read,
      mend: () => {
        server.trouble = 'none';
      },
    };
  },
});

const collecting = () => {
  const said: string[] = [];
  const reporter: Reporter = {
    ...silentReporter,
    warn: (message) => said.push(`warning: ${message}`),
    info: (message) => said.push(message),
  };
  return { said, reporter };
};

describe('the run', () => {
  test('is in the experiment of MLFLOW_EXPERIMENT_NAME, made once', async () => {
    for (let i = 0; i < 2; i++) {
      const tracker = open(silentReporter, { MLFLOW_EXPERIMENT_NAME: 'emoji' });
      tracker.track(start);
      await tracker.close();
    }
    expect([...server.experiments]).toEqual([['emoji', '1']]);
    // The same identity is the same run: a resumed run goes on where it was.
    expect(server.runs.map(({ name, experiment }) => [name, experiment])).toEqual([['photos', '1']]);
  });

  test('that was not told its end has failed, and says why', async () => {
    const tracker = open(silentReporter);
    tracker.track(start);
    await tracker.close();
    expect(server.runs[0]?.status).toBe('FAILED');
    expect(server.runs[0]?.tags.get('neurodex.end')).toBe('the run stopped before its end');
  });

  test('a long one takes few requests', async () => {
    const tracker = open(silentReporter, {}, { ...quick, interval: 50 });
    tracker.track(start);
    for (let i = 1; i <= 2000; i++) tracker.track(step(i));
    await tracker.close();
    expect(server.runs[0]?.metrics).toHaveLength(12_000);
    expect(server.requests).toBeLessThan(30);
  });

  test('on a server that keeps no files has no pictures, which is told once', async () => {
    server.servesArtifacts = false;
    const { said, reporter } = collecting();
    const tracker = open(reporter);
    tracker.track(start);
    const picture = { bytes: Buffer.from('x'), format: 'png', width: 1, height: 1, caption: '' } as const;
    tracker.track({ kind: 'pictures', name: 'queries', task: 'retrieval', step: 0, pictures: [picture, picture] });
    await tracker.close();
    expect(said).toHaveLength(1);
    expect(server.runs[0]?.artifacts.size).toBe(0);
    expect(server.runs[0]?.status).toBe('FAILED');
  });
});

describe('what goes wrong', () => {
  const tried = async (trouble: Trouble) => {
    server.trouble = trouble;
    const { said, reporter } = collecting();
    const tracker = open(reporter, {}, impatient);
    tracker.track(start);
    tracker.track(step(1));
    await new Promise((resolve) => setTimeout(resolve, 60));
    await tracker.close();
    return said;
  };

  test.each([
    ['forbidden', 'it answered 403: not you'],
    ['log-in page', 'is not an MLflow server'],
  ] as const)('%s: given up at once, in words', async (trouble, words) => {
    const said = await tried(trouble);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain('is left out of the rest of the run');
    expect(said[0]).toContain(words);
    expect(server.requests).toBe(1);
  });

  test.each(['refuses', 'errors', 'hangs'] as const)(
    '%s: tried again until the end, then given up',
    async (trouble) => {
      const said = await tried(trouble);
      expect(said[0]).toMatch(/^warning: the MLflow server http:.*(it is tried again|is over, and what was left)/);
      expect(said.at(-1)).toContain('records are not in it');
      expect(said.filter((line) => line.startsWith('warning'))).toHaveLength(1);
    },
  );

  test('a server that never comes back does not fill the memory', async () => {
    server.trouble = 'errors';
    const { said, reporter } = collecting();
    const tracker = open(reporter, {}, { ...quick, mostBytes: 100_000 });
    tracker.track(start);
    for (let i = 1; i < 1000; i++) tracker.track(step(i));
    await tracker.close();
    expect(said).toEqual([expect.stringContaining('too much is waiting')]);
  });
});

describe('secrets', () => {
  test('go to the server and nowhere else', async () => {
    const { said, reporter } = collecting();
    const user = url.replace('http://', 'http://me:hush@');
    server.trouble = 'forbidden';
    const tracker = open(reporter, { MLFLOW_TRACKING_URI: user });
    tracker.track(start);
    await tracker.close();
    const token = open(reporter, { MLFLOW_TRACKING_TOKEN: 'hush' });
    token.track(start);
    await token.close();
    expect([...server.authorizations]).toEqual([`Basic ${btoa('me:hush')}`, 'Bearer hush']);
    expect(said).toHaveLength(2);
    expect(said.join()).not.toContain('hush');
  });

  test('an address keeps its path, and loses its user', () => {
    expect(mlflowAddress({ MLFLOW_TRACKING_URI: 'https://a:b@host/ml/' })).toEqual({
      url: 'https://host/ml',
      authorization: `Basic ${btoa('a:b')}`,
    });
  });
});
