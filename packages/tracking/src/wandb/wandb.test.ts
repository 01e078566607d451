import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Reporter, silentReporter } from '@neurodex/core';
import fc from 'fast-check';
import { PbfReader } from 'pbf';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { brokenDisk } from '../failing-files.fixture.ts';
import { GOLDEN, type Kept, start, step, trackerContract } from '../tracker.contract.ts';
import type { TrackedEvent, TrackerContext } from '../tracker.ts';
import { encodeRecord, type WandbRecord } from './records.ts';
import { offerSync } from './sync.ts';
import { WandbTracker } from './tracker.ts';
import { LOG_HEADER, TransactionLog } from './transaction-log.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-wandb-'));
});
afterEach(() => rm(folder, { recursive: true }));

const run = { id: 'abc1234', name: 'photos', named: false, started: '2024-05-01T10:00:00.000Z', resumed: false };
const context = (reporter: Reporter, env = {}): TrackerContext => ({ run, folder, env, reporter });

/** The records of a `.wandb` file, put together again. */
function readLog(bytes: Uint8Array): Uint8Array[] {
  expect(bytes.subarray(0, 7)).toEqual(Buffer.from(LOG_HEADER));
  const records: Uint8Array[] = [];
  let parts: Uint8Array[] = [];
  for (let at = 7; at < bytes.length; ) {
    const room = 32768 - (at % 32768);
    if (room < 7) {
      at += room;
      continue;
    }
    const length = (bytes[at + 4] ?? 0) + 256 * (bytes[at + 5] ?? 0);
    const kind = bytes[at + 6];
    expect(length).toBeLessThanOrEqual(room - 7);
    expect(kind === 1 || kind === 2).toBe(parts.length === 0);
    parts.push(bytes.subarray(at + 7, at + 7 + length));
    if (kind === 1 || kind === 4) {
      records.push(Buffer.concat(parts));
      parts = [];
    }
    at += 7 + length;
  }
  expect(parts).toEqual([]);
  return records;
}

interface ReadRun {
  readonly path: string;
  name: string;
  project: string;
  /** Seconds since 1970. */
  started: number;
  readonly config: Record<string, unknown>;
  readonly rows: Record<string, unknown>[];
  readonly summary: Record<string, unknown>;
  readonly files: string[];
  readonly lines: string[];
  exit: number | undefined;
}

const readItem = (pbf: PbfReader): [string, unknown] => {
  const item = pbf.readMessage<{ key: string; json: string }>(
    (field, value, inner) => {
      if (field === 1) value.key = inner.readString();
      if (field === 16) value.json = inner.readString();
    },
    { key: '', json: 'null' },
  );
  // wandb's JSON has Python's words for numbers that are not finite.
  return [item.key, /^(NaN|-?Infinity)$/.test(item.json) ? Number(item.json) : JSON.parse(item.json)];
};

function readRecord(target: ReadRun, bytes: Uint8Array): void {
  new PbfReader(bytes).readFields((field, result, pbf) => {
    if (field === 2) {
      const row: Record<string, unknown> = {};
      pbf.readMessage((f, into, p) => {
        if (f === 1) Object.assign(into, Object.fromEntries([readItem(p)]));
      }, row);
      result.rows.push(row);
    }
    if (field === 3)
      pbf.readMessage((_, into, p) => Object.assign(into, Object.fromEntries([readItem(p)])), result.summary);
    if (field === 6)
      pbf.readMessage(
        (_, into, p) => p.readMessage((f, list, q) => f === 1 && list.push(q.readString()), into),
        result.files,
      );
    if (field === 13) pbf.readMessage((f, into, p) => f === 3 && into.push(p.readString()), result.lines);
    if (field === 17)
      pbf.readMessage((f, into, p) => {
        if (f === 3) into.project = p.readString();
        if (f === 4) p.readMessage((_, c, q) => Object.assign(c, Object.fromEntries([readItem(q)])), into.config);
        if (f === 8) into.name = p.readString();
        if (f === 17) p.readMessage((g, c, q) => g === 1 && Object.assign(c, { started: q.readVarint() }), into);
      }, result);
    if (field === 18) {
      result.exit = 0;
      pbf.readMessage((f, into, p) => f === 1 && Object.assign(into, { exit: p.readVarint() }), result);
    }
  }, target);
}

async function readRuns(): Promise<ReadRun[]> {
  const names = (await readdir(join(folder, 'wandb'))).filter((name) => name.startsWith('offline-run-')).sort();
  return await Promise.all(
    names.map(async (name) => {
      const path = join(folder, 'wandb', name);
      const log = (await readdir(path)).find((file) => file.endsWith('.wandb')) ?? '';
      const target: ReadRun = {
        path,
        name: '',
        project: '',
        started: 0,
        config: {},
        rows: [],
        summary: {},
        files: [],
        lines: [],
        exit: undefined,
      };
      for (const record of readLog(await readFile(join(path, log)))) readRecord(target, record);
      return target;
    }),
  );
}

/** Both runs as one: the steps of the first, the figures of each. */
async function read(): Promise<Kept> {
  const runs = await readRuns();
  const [first] = runs;
  const steps = (first?.rows ?? []).filter((row) => 'train/loss' in row);
  const metrics: Record<string, number> = {};
  let validated: number | undefined;
  const pictures: Record<string, Uint8Array[]> = {};
  for (const { rows, path } of runs) {
    for (const row of rows) {
      for (const [key, value] of Object.entries(row)) {
        if (key.startsWith('validation/')) {
          metrics[key.slice('validation/'.length)] = value as number;
          validated = row._step as number;
        }
        const { filenames } = value as { filenames?: string[] };
        if (filenames !== undefined)
          pictures[key] = await Promise.all(filenames.map((name) => readFile(join(path, 'files', name))));
      }
    }
  }
  return {
    config: first?.config,
    seed: first?.config.seed as number,
    steps: steps.map((row) => ({
      step: row._step as number,
      loss: row['train/loss'] as number,
      tokenAccuracy: row['train/token_accuracy'] as number,
      learningRate: row['train/learning_rate'] as number,
      gradientNorm: row['train/gradient_norm'] as number,
      picturesPerSecond: row['train/pictures_per_second'] as number,
      seconds: row['train/step_seconds'] as number,
    })),
    validations: validated === undefined ? [] : [{ step: validated, metrics }],
    texts: runs.flatMap(({ lines }) => lines).join(''),
    pictures,
    endedWell: first?.exit === undefined ? undefined : first.exit === 0,
  };
}

const noSync = async (): Promise<void> => {};
const broken = (reporter: Reporter, state: 'full' | 'hanging' | 'read-only') => {
  const trouble: { state: 'full' | 'hanging' | 'read-only' | 'sound' } = { state };
  const options = {
    files: brokenDisk(trouble),
    farewell: state === 'full' ? 20_000 : 400,
    interval: 1,
    firstPause: 20,
    sync: noSync,
  };
  return { trouble, tracker: new WandbTracker(context(reporter), options) };
};

trackerContract({
  name: 'WandbTracker',
  open: async (reporter) => ({ tracker: new WandbTracker(context(reporter), { sync: noSync }), read }),
  events: { none: 'a W&B run has numbers by step, files and lines' },
  failing: async (reporter) => broken(reporter, 'read-only').tracker,
  hanging: async (reporter) => broken(reporter, 'hanging').tracker,
  recovering: async (reporter) => {
    const { trouble, tracker } = broken(reporter, 'full');
    return {
      tracker,
      read,
      mend: () => {
        trouble.state = 'sound';
      },
    };
  },
});

describe('the bytes', () => {
  const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31) % 251);

  test('of the log are those that wandb writes', () => {
    const log = new TransactionLog();
    const bytes = Buffer.concat([LOG_HEADER, ...GOLDEN.wandbLog.lengths.map((length) => log.frame(pattern(length)))]);
    expect(bytes.length).toBe(GOLDEN.wandbLog.bytes);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(GOLDEN.wandbLog.sha256);
  });

  test('of each record are those that wandb writes', () => {
    const time = 1714557600250;
    const records: [string, WandbRecord][] = [
      ['header', { header: { producer: '0.29.0', minConsumer: '0.70.0' } }],
      [
        'run',
        {
          run: {
            id: 'abc1234i',
            entity: 'team',
            project: 'vit-dsi-project',
            config: [
              ['model', '{"width":64}'],
              ['seed', '7'],
            ],
            group: 'photos-abc1234',
            jobType: 'indexing',
            displayName: 'ViT (Indexing)',
            notes: 'été',
            tags: ['a', 'b'],
            host: 'machine',
            started: time,
            resumed: true,
          },
        },
      ],
      [
        'history',
        {
          history: {
            step: 300,
            items: [
              ['train/loss', '0.5'],
              ['_step', '300'],
            ],
          },
        },
      ],
      ['summary', { summary: [['train/loss', 'NaN']] }],
      [
        'files',
        {
          files: [
            { path: 'config.yaml', type: 'wandb' },
            { path: 'media/images/x.png', type: 'media' },
          ],
        },
      ],
      ['output', { output: { line: 'hello\n', time: 1714557601005 } }],
      ['exit', { exit: { code: 1, runtime: 42 } }],
    ];
    expect(records.map(([name]) => name)).toEqual(Object.keys(GOLDEN.wandbRecords));
    for (const [i, [name, record]] of records.entries()) {
      expect(Buffer.from(encodeRecord(i + 1, record)).toString('hex'), name).toBe(GOLDEN.wandbRecords[name]);
    }
  });

  test('of the log hold records of any length', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 12 }), (lengths) => {
        const log = new TransactionLog();
        const bytes = Buffer.concat([LOG_HEADER, ...lengths.map((length) => log.frame(pattern(length)))]);
        expect(readLog(bytes).map((record) => record.length)).toEqual(lengths);
      }),
      { numRuns: 50 },
    );
  });
});

describe('the runs', () => {
  const track = async (events: readonly TrackedEvent[], made: TrackerContext = context(silentReporter)) => {
    const tracker = new WandbTracker(made, { sync: noSync });
    for (const event of [start, ...events]) tracker.track(event);
    await tracker.close();
    return await readRuns();
  };
  const validation = (phase: string, at: number): TrackedEvent => ({
    kind: 'validation',
    phase,
    step: at,
    metrics: { 'AP@10': 0.5, 'IA@1': 1 },
  });
  const inPhase = (phase: string, at: number): TrackedEvent => ({ ...step(at), phase });

  test('the joint phase is in both, and each has the figures of its task', async () => {
    const [indexing, retrieval] = await track([step(1), validation('joint', 1), step(2)]);
    expect([indexing?.name, retrieval?.name]).toEqual(['ViT (Indexing)', 'ViT (Retrieval)']);
    expect([indexing?.project, retrieval?.project]).toEqual(['vit-dsi-project', 'vit-dsi-project']);
    expect(indexing?.rows.map(({ _step }) => _step)).toEqual([1, 2]);
    expect(retrieval?.rows.map(({ _step }) => _step)).toEqual([1, 2]);
    expect(indexing?.rows[0]).toMatchObject({ 'train/loss': 1, 'validation/IA@1': 1 });
    expect(indexing?.rows[0]).not.toHaveProperty('validation/AP@10');
    expect(retrieval?.rows[0]).toMatchObject({ 'train/loss': 1, 'validation/AP@10': 0.5 });
    expect(retrieval?.rows[0]).not.toHaveProperty('validation/IA@1');
    expect(indexing?.summary).toMatchObject({ 'train/loss': 0.5, 'validation/IA@1': 1, _step: 2 });
  });

  test('phases one after the other are a run each', async () => {
    const [indexing, retrieval] = await track([inPhase('indexing', 1), inPhase('retrieval', 2)]);
    expect(indexing?.rows.map(({ _step }) => _step)).toEqual([1]);
    expect(retrieval?.rows.map(({ _step }) => _step)).toEqual([2]);
  });

  test('a training without queries has only the run of the indexing task', async () => {
    const runs = await track([inPhase('indexing', 1)]);
    expect(runs.map(({ name }) => name)).toEqual(['ViT (Indexing)']);
  });

  test('a run that broke before its first step is a failed one, with the reason', async () => {
    const [only] = await track([{ kind: 'end', time: 'x', reason: 'no space left' }]);
    expect(only).toMatchObject({ exit: 1, lines: ['no space left\n'] });
  });

  test('steps only grow: what comes late for one is filed under the last', async () => {
    const [indexing] = await track([inPhase('indexing', 5), inPhase('indexing', 3), inPhase('indexing', 6)]);
    expect(indexing?.rows.map(({ _step }) => _step)).toEqual([5, 6]);
  });

  test('files/ has the configuration, the machine and the last values, and every file is named in the log', async () => {
    const [indexing] = await track([step(1), { kind: 'end', time: 'x', reason: 'done' }]);
    const files = join(indexing?.path ?? '', 'files');
    expect(indexing?.files.sort()).toEqual((await readdir(files)).sort());
    expect(await readFile(join(files, 'config.yaml'), 'utf8')).toContain('"model":\n  value: {"width":64');
    expect(JSON.parse(await readFile(join(files, 'wandb-summary.json'), 'utf8'))).toMatchObject({ 'train/loss': 1 });
    expect(JSON.parse(await readFile(join(files, 'wandb-metadata.json'), 'utf8'))).toMatchObject({
      startedAt: '2024-05-01T10:00:00.000Z',
    });
  });

  test('a run that is resumed is the same one in a further folder, which begins later; all are uploaded', async () => {
    const uploaded: (readonly string[])[] = [];
    const sync = async ({ runs }: { runs: readonly string[] }) => void uploaded.push(runs);
    for (const [resumed, from] of [
      [false, 1],
      [true, 3],
    ] as const) {
      const made = { ...context(silentReporter), run: { ...run, resumed } };
      const tracker = new WandbTracker(made, { sync });
      tracker.track(start);
      for (let at = from; at < from + 3; at++) tracker.track(inPhase('indexing', at));
      await tracker.close();
      // Folders are named by the second.
      if (!resumed) await new Promise((resolve) => setTimeout(resolve, 1100));
    }
    const runs = await readRuns();
    expect(runs.map(({ rows }) => rows.map(({ _step }) => _step))).toEqual([
      [1, 2, 3],
      [3, 4, 5],
    ]);
    expect(new Set(runs.map(({ path }) => path.split('-').at(-1)))).toEqual(new Set(['abc1234i']));
    expect(runs[0]?.started).toBe(Date.parse(run.started) / 1000);
    expect(runs[1]?.started).toBeGreaterThan(Date.now() / 1000 - 60);
    expect(uploaded).toEqual([[runs[0]?.path], runs.map(({ path }) => path)]);
  });

  test('the environment and the user have their say, and the key is nowhere', async () => {
    const env = {
      WANDB_PROJECT: 'emoji',
      WANDB_ENTITY: 'team',
      WANDB_DIR: join(folder, 'elsewhere'),
      WANDB_API_KEY: 'k'.repeat(40),
    };
    const tracker = new WandbTracker(
      { ...context(silentReporter, env), run: { ...run, name: 'deep', named: true } },
      { sync: noSync },
    );
    tracker.track(start);
    tracker.track(step(1));
    await tracker.close();
    expect(tracker.folder).toBe(join(folder, 'elsewhere', 'wandb'));
    folder = join(folder, 'elsewhere');
    const runs = await readRuns();
    expect(runs.map(({ name, project }) => [name, project])).toEqual([
      ['deep (Indexing)', 'emoji'],
      ['deep (Retrieval)', 'emoji'],
    ]);
    for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) expect(await readFile(join(file.parentPath, file.name), 'latin1')).not.toContain('kkkk');
    }
    folder = join(folder, '..');
    const given = new WandbTracker(
      { ...context(silentReporter, { WANDB_PROJECT: 'a' }), wandbProject: 'b' },
      { sync: noSync },
    );
    given.track(start);
    given.track(step(1));
    await given.close();
    expect((await readRuns()).map(({ project }) => project)).toEqual(['b', 'b']);
  });
});

describe.skipIf(process.platform === 'win32')('wandb sync', () => {
  const command = async (script: string) => {
    const path = join(folder, 'wandb');
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
  };
  const sync = async (env: Record<string, string>, patience = 20_000) => {
    const said: string[] = [];
    const reporter: Reporter = {
      ...silentReporter,
      warn: (message) => said.push(`warning: ${message}`),
      info: (message) => said.push(message),
    };
    const runs = ['a run', 'b'].map((name) => join(folder, name));
    await offerSync({ runs, env: { PATH: `${folder}:/usr/bin:/bin`, ...env }, reporter, patience });
    expect(said).toHaveLength(1);
    expect(said[0]).not.toContain('secret');
    return said[0] ?? '';
  };
  const log = () => readFile(join(folder, 'sync.log'), 'utf8');

  test('is run with the key in its environment where there are both', async () => {
    await command('echo "$@"; test -n "$WANDB_API_KEY" && echo "with a key"');
    expect(await sync({ WANDB_API_KEY: 'secret' })).toBe('the W&B runs are uploaded');
    expect(await log()).toBe(`sync ${folder}/a run ${folder}/b\nwith a key\n`);
  });

  test('without a key, in offline mode, or without the command: how to upload is told', async () => {
    await command('touch "$(dirname "$0")/called"');
    const told = `upload them with: wandb sync '${folder}/a run' ${folder}/b`;
    expect(await sync({})).toContain(told);
    expect(await sync({ WANDB_API_KEY: 'secret', WANDB_MODE: 'offline' })).toContain(told);
    await rm(join(folder, 'wandb'));
    expect(await sync({ WANDB_API_KEY: 'secret' })).toContain('not installed here');
    expect(await readdir(folder)).toEqual([]);
  });

  test('that fails is warned about, with what to do', async () => {
    await command('echo "no network" >&2; exit 3');
    expect(await sync({ WANDB_API_KEY: 'secret' })).toMatch(
      /^warning: .*wandb ended with 3, see .*sync\.log; try again with: wandb sync/,
    );
    expect(await log()).toBe('no network\n');
  });

  test('that takes long goes on by itself', async () => {
    await command('sleep 1; echo late');
    expect(await sync({ WANDB_API_KEY: 'secret' }, 50)).toContain('still being uploaded');
    await expect.poll(log, { timeout: 5000 }).toBe('late\n');
  });
});
