import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Reporter, silentReporter } from '@neurodex/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readJsonLines } from './failing-files.fixture.ts';
import { fanOut } from './fan-out.ts';
import { MemoryTracker } from './memory.ts';
import { runIdentity } from './run-identity.ts';
import { RUN_LOG, RunLog, type RunLogFiles } from './run-log.ts';
import { trackedReporter } from './tracked-reporter.ts';
import { keptOf, PNG, step, trackerContract } from './tracker.contract.ts';
import type { TrackedEvent, Tracker } from './tracker.ts';
import { openTrackers, TRACKER_NAMES, TRACKERS } from './trackers.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-tracking-'));
});
afterEach(() => rm(folder, { recursive: true }));

const readLog = async () => readJsonLines<TrackedEvent>(join(folder, RUN_LOG));

const start: TrackedEvent = { kind: 'start', time: '2024-05-01T10:00:00.000Z', config: {}, dataset: {}, seed: 1 };
const skipped: TrackedEvent = { kind: 'skipped', path: 'a.png', reason: 'truncated' };
const message: TrackedEvent = { kind: 'message', level: 'info', text: 'hello' };

/** A disk that refuses while `full`, after it took the first bytes. */
function fillingDisk(disk: { full: boolean }): RunLogFiles {
  return {
    openSync,
    ftruncateSync,
    writeSync: (file, bytes) => {
      if (!disk.full) return writeSync(file, bytes);
      writeSync(file, bytes.subarray(0, 10));
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    },
  };
}

trackerContract({
  name: 'RunLog',
  open: async (reporter) => ({
    tracker: new RunLog(join(folder, RUN_LOG), reporter),
    read: async () => keptOf(await readLog()),
  }),
  events: async (reporter) => ({ tracker: new RunLog(join(folder, RUN_LOG), reporter), read: readLog }),
  failing: async (reporter) => new RunLog(join(folder, 'no such folder', RUN_LOG), reporter),
  hanging: { none: 'it lies on the disk that the index is made on: where that hangs, so does the rest' },
  recovering: async (reporter) => {
    const disk = { full: true };
    return {
      tracker: new RunLog(join(folder, RUN_LOG), reporter, { files: fillingDisk(disk) }),
      read: async () => keptOf(await readLog()),
      mend: () => {
        disk.full = false;
      },
    };
  },
});

trackerContract({
  name: 'MemoryTracker',
  open: async () => {
    const tracker = new MemoryTracker();
    return { tracker, read: async () => keptOf(tracker.events) };
  },
  events: async () => {
    const tracker = new MemoryTracker();
    return { tracker, read: async () => tracker.events };
  },
  failing: { none: 'memory does not fail' },
  hanging: { none: 'memory does not hang' },
  recovering: { none: 'memory does not fail' },
});

const brokenTracker: Tracker = {
  track() {
    throw new Error('broken');
  },
  close: () => Promise.reject(new Error('broken')),
};

const fanned = (reporter: Reporter) => {
  const last = new MemoryTracker();
  return { tracker: fanOut([new MemoryTracker(), last], reporter), last };
};

trackerContract({
  name: 'fanOut',
  open: async (reporter) => {
    const { tracker, last } = fanned(reporter);
    return { tracker, read: async () => keptOf(last.events) };
  },
  events: async (reporter) => {
    const { tracker, last } = fanned(reporter);
    return { tracker, read: async () => last.events };
  },
  failing: async (reporter) => fanOut([brokenTracker, new MemoryTracker()], reporter),
  hanging: { none: 'each of its trackers has a time limit of its own' },
  recovering: { none: 'a tracker that throws breaks its contract, and is left out for good' },
});

describe('RunLog', () => {
  test('the first line is start, whatever was tracked before it', async () => {
    const log = new RunLog(join(folder, RUN_LOG), silentReporter);
    for (const event of [skipped, message, start, message]) log.track(event);
    await log.close();
    expect(await readLog()).toEqual([start, skipped, message, message]);
  });

  test('a run that never started leaves what it had', async () => {
    const log = new RunLog(join(folder, RUN_LOG), silentReporter);
    log.track(skipped);
    await log.close();
    expect(await readLog()).toEqual([skipped]);
  });

  test('numbers that are not finite are written as strings', async () => {
    const log = new RunLog(join(folder, RUN_LOG), silentReporter);
    log.track(start);
    const metrics = { nan: Number.NaN, infinite: Number.POSITIVE_INFINITY, negative: Number.NEGATIVE_INFINITY, one: 1 };
    log.track({ kind: 'validation', phase: 'joint', step: 1, metrics });
    await log.close();
    expect((await readLog())[1]).toMatchObject({
      metrics: { nan: 'NaN', infinite: 'Infinity', negative: '-Infinity', one: 1 },
    });
  });

  test('the end of a run is on disk before close', async () => {
    const log = new RunLog(join(folder, RUN_LOG), silentReporter);
    const end: TrackedEvent = { kind: 'end', time: '2024-05-01T10:00:01.000Z', reason: 'done' };
    log.track(start);
    log.track(end);
    expect(await readLog()).toEqual([start, end]);
    await log.close();
  });

  test('pictures are named, and their bytes left out', async () => {
    const log = new RunLog(join(folder, RUN_LOG), silentReporter);
    const picture = { bytes: PNG, format: 'png', width: 2, height: 1, caption: 'x' } as const;
    log.track(start);
    log.track({ kind: 'pictures', name: 'queries', task: 'retrieval', step: 0, pictures: [picture] });
    await log.close();
    expect((await readLog())[1]).toMatchObject({ name: 'queries', pictures: [{ caption: 'x', width: 2 }] });
    expect(await readFile(join(folder, RUN_LOG), 'utf8')).not.toContain('bytes');
  });

  test('appends to an earlier log, behind its last whole line', async () => {
    for (let run = 0; run < 2; run++) {
      const log = new RunLog(join(folder, RUN_LOG), silentReporter);
      log.track(start);
      await log.close();
      const file = openSync(join(folder, RUN_LOG), 'a');
      writeSync(file, '{"kind":"step","phase":"jo');
      closeSync(file);
    }
    const log = new RunLog(join(folder, RUN_LOG), silentReporter);
    log.track(start);
    await log.close();
    expect(await readLog()).toEqual([start, start, start]);
  });

  test('a disk that is full for a while: whole lines at any time, and all of them at the end', async () => {
    let time = 0;
    const disk = { full: false };
    const log = new RunLog(join(folder, RUN_LOG), silentReporter, { files: fillingDisk(disk), now: () => time });
    const events = [start, ...Array.from({ length: 30 }, (_, i) => step(i + 1))];
    for (const [i, event] of events.entries()) {
      disk.full = i > 8 && i < 20;
      time += 2000;
      log.track(event);
      if (i > 0) expect((await readLog()).length).toBeGreaterThan(0);
    }
    await log.close();
    expect(await readLog()).toEqual(events);
  });

  test('a disk that stays full does not fill the memory', async () => {
    const warnings: string[] = [];
    const told: string[] = [];
    const reporter = { ...silentReporter, warn: (m: string) => warnings.push(m), info: (m: string) => told.push(m) };
    const log = new RunLog(join(folder, RUN_LOG), reporter, { files: fillingDisk({ full: true }) });
    log.track(start);
    const long: TrackedEvent = { kind: 'message', level: 'info', text: 'x'.repeat(1 << 20) };
    for (let i = 0; i < 50; i++) log.track(long);
    await log.close();
    expect(warnings).toHaveLength(1);
    expect(told.at(-1)).toContain('too much is waiting');
  });
});

describe('fanOut', () => {
  test('a tracker that throws does not keep the event from the others', async () => {
    const memory = new MemoryTracker();
    let calls = 0;
    const broken: Tracker = {
      track() {
        calls++;
        throw new Error('broken');
      },
      async close() {},
    };
    const both = fanOut([broken, memory], silentReporter);
    both.track(start);
    both.track(message);
    await both.close();
    expect(memory.events).toEqual([start, message]);
    expect(calls).toBe(1);
  });

  test('closes every tracker', async () => {
    const first = new MemoryTracker();
    await fanOut([first, new MemoryTracker()], silentReporter).close();
    first.track(start);
    expect(first.events).toEqual([]);
  });
});

test('a tracked reporter keeps what it says, and passes everything on', () => {
  const [memory, said]: [MemoryTracker, unknown[]] = [new MemoryTracker(), []];
  const say = (...words: unknown[]) => void said.push(words);
  const reporter = trackedReporter({ progress: say, warn: say, info: say }, memory);
  const event = { phase: 'joint', done: 1, unit: 'steps' };
  reporter.progress(event);
  reporter.warn('careful', { path: 'x' });
  reporter.info('news');
  expect(said).toEqual([[event], ['careful', { path: 'x' }], ['news']]);
  expect(memory.events).toEqual([
    { kind: 'message', level: 'warning', text: 'careful' },
    { kind: 'message', level: 'info', text: 'news' },
  ]);
});

describe('openTrackers', () => {
  const request = { trackers: TRACKER_NAMES, run: { name: 'photos.index', named: false } };

  test('opens what is asked for, tells where it is, and leaves out what cannot be opened', async () => {
    const [warnings, told]: string[][] = [[], []];
    const reporter = { ...silentReporter, warn: (m: string) => warnings?.push(m), info: (m: string) => told?.push(m) };
    const trackers = await openTrackers({ ...request, folder, env: {} }, folder, reporter);
    expect(trackers).toHaveLength(2);
    expect(warnings).toEqual(['MLflow is left out of this run: MLFLOW_TRACKING_URI is not set']);
    expect(told?.[0]).toContain(`tensorboard --logdir ${join(folder, 'runs')}`);
    expect(told?.[1]).toContain(join(folder, 'wandb'));
    await Promise.all(trackers.map((tracker) => tracker.close()));
  });

  test('none, where none is asked for: no file of theirs appears', async () => {
    expect(await openTrackers(undefined, folder, silentReporter)).toEqual([]);
    expect(await openTrackers({ ...request, trackers: [], folder, env: {} }, folder, silentReporter)).toEqual([]);
  });

  test.each([
    [undefined, 'is not set'],
    ['', 'is not set'],
    ['sqlite:///mlruns.db', 'is a sqlite: address'],
    ['mlruns', 'is not an address'],
  ])('an MLFLOW_TRACKING_URI that is no server is said before the run: %j', (MLFLOW_TRACKING_URI, words) => {
    expect(TRACKERS.mlflow.problem({ MLFLOW_TRACKING_URI })?.message).toContain(words);
  });
});

describe('the identity of a run', () => {
  test('stays where it is resumed, and is new where there is none or a damaged one', async () => {
    const first = await runIdentity(folder, { name: 'a', named: true });
    expect(first).toMatchObject({ name: 'a', named: true, resumed: false });
    expect(await runIdentity(folder, { name: 'b', named: false })).toEqual({ ...first, resumed: true });
    await writeFile(join(folder, 'run.json'), '{"id":"../../x"}');
    const third = await runIdentity(folder, { name: 'b', named: false });
    expect(third.id).not.toBe(first.id);
    expect(third).toMatchObject({ name: 'b', resumed: false });
  });
});
