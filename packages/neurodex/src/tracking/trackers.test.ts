import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentReporter } from '../progress.ts';
import { fanOut } from './fan-out.ts';
import { MemoryTracker } from './memory.ts';
import { RUN_LOG, RunLog } from './run-log.ts';
import { trackerContract } from './tracker.contract.ts';
import type { TrackedEvent, Tracker } from './tracker.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-tracking-'));
});
afterEach(() => rm(folder, { recursive: true }));

const readLog = async (): Promise<unknown[]> => {
  const text = await readFile(join(folder, RUN_LOG), 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line));
};

const start: TrackedEvent = { kind: 'start', time: '2024-05-01T10:00:00.000Z', config: {}, dataset: {}, seed: 1 };
const skipped: TrackedEvent = { kind: 'skipped', path: 'a.png', reason: 'truncated' };
const message: TrackedEvent = { kind: 'message', level: 'info', text: 'hello' };

trackerContract({
  name: 'RunLog',
  create: async (reporter) => ({ tracker: new RunLog(join(folder, RUN_LOG), reporter), read: readLog }),
  failing: async (reporter) => new RunLog(join(folder, 'no such folder', RUN_LOG), reporter),
});

trackerContract({
  name: 'MemoryTracker',
  create: async () => {
    const tracker = new MemoryTracker();
    return { tracker, read: async () => tracker.events };
  },
  failing: { none: 'memory does not fail' },
});

trackerContract({
  name: 'fanOut',
  create: async (reporter) => {
    const last = new MemoryTracker();
    return { tracker: fanOut([new MemoryTracker(), last], reporter), read: async () => last.events };
  },
  failing: async (reporter) => {
    const broken: Tracker = {
      track() {
        throw new Error('broken');
      },
      close: () => Promise.reject(new Error('broken')),
    };
    return fanOut([broken, new MemoryTracker()], reporter);
  },
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
    const figures = { nan: Number.NaN, infinite: Number.POSITIVE_INFINITY, negative: Number.NEGATIVE_INFINITY, one: 1 };
    log.track({ kind: 'validation', phase: 'joint', step: 1, figures });
    await log.close();
    expect((await readLog())[1]).toMatchObject({
      figures: { nan: 'NaN', infinite: 'Infinity', negative: '-Infinity', one: 1 },
    });
  });

  test('the end of a run is on disk before close', async () => {
    const log = new RunLog(join(folder, RUN_LOG), silentReporter);
    const end: TrackedEvent = { kind: 'end', time: '2024-05-01T10:00:01.000Z', reason: 'finished' };
    log.track(start);
    log.track(end);
    expect(await readLog()).toEqual([start, end]);
    await log.close();
  });

  test('appends to an earlier log', async () => {
    for (let run = 0; run < 2; run++) {
      const log = new RunLog(join(folder, RUN_LOG), silentReporter);
      log.track(start);
      await log.close();
    }
    expect(await readLog()).toEqual([start, start]);
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
