import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentReporter } from '@neurodex/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readRunLog } from './read-run-log.ts';
import { RUN_LOG, RunLog } from './run-log.ts';
import { step } from './tracker.contract.ts';
import type { TrackedEvent } from './tracker.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neurodex-run-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

const start: TrackedEvent = {
  kind: 'start',
  time: '2024-05-01T10:00:00.000Z',
  config: { a: 1 },
  dataset: { name: 'folder' },
  seed: 7,
};
const validation = (at: number, value: number): TrackedEvent => ({
  kind: 'validation',
  phase: 'joint',
  step: at,
  metrics: { 'AP@10': value },
});
const end: TrackedEvent = { kind: 'end', time: '2024-05-01T11:00:00.000Z', reason: 'done' };

const path = () => join(folder, RUN_LOG);
const lines = (events: readonly unknown[]): string => events.map((event) => `${JSON.stringify(event)}\n`).join('');
const reading = async (text: string | Uint8Array) => {
  await writeFile(path(), text);
  return await readRunLog(path());
};

describe('readRunLog', () => {
  test('gives back what the run log was told', async () => {
    const log = new RunLog(path(), silentReporter);
    const skipped: TrackedEvent = { kind: 'skipped', path: 'x', reason: 'y' };
    const events = [start, skipped, step(1), step(2, Number.NaN), validation(2, Number.NEGATIVE_INFINITY), end];
    for (const event of events) log.track(event);
    await log.close();
    const { kind: _, ...facts } = step(1);
    expect(await readRunLog(path())).toEqual({
      started: '2024-05-01T10:00:00.000Z',
      config: { a: 1 },
      dataset: { name: 'folder' },
      seed: 7,
      steps: [facts, { ...facts, step: 2, loss: Number.NaN, seconds: 0.2 }],
      validations: [{ step: 2, phase: 'joint', metrics: { 'AP@10': Number.NEGATIVE_INFINITY } }],
      skipped: 1,
      end: { time: '2024-05-01T11:00:00.000Z', reason: 'done' },
      damaged: 0,
    });
  });

  test('a run that was resumed is one run: what was done again counts once', async () => {
    const first = [start, ...[1, 2, 3, 4].map((i) => step(i)), validation(2, 0.1), validation(4, 0.2), end];
    const again = [start, step(3, 9), step(4, 9), validation(4, 0.5), step(5, 9)];
    const { steps, validations, end: over } = await reading(lines([...first, ...again]));
    expect(steps.map((each) => [each.step, each.loss])).toEqual([
      [1, 1],
      [2, 0.5],
      [3, 9],
      [4, 9],
      [5, 9],
    ]);
    expect(validations.map((each) => [each.step, each.metrics['AP@10']])).toEqual([
      [2, 0.1],
      [4, 0.5],
    ]);
    expect(over).toBeUndefined();
  });

  test('a line that is being written is no damage; others that are no events are counted and left out', async () => {
    const whole = lines([start, step(1)]);
    expect(await reading(`${whole}{"kind":"step","ph`)).toMatchObject({ damaged: 0, steps: [{ step: 1 }] });
    const odd = ['nonsense', '[1]', '{"kind":"step"}', '{"kind":"later"}', '{}', 'null'];
    const mixed = `${odd.join('\n')}\n${whole}`;
    expect(await reading(mixed)).toMatchObject({ damaged: 5, seed: 7, steps: [{ step: 1 }] });
    expect(await reading('')).toMatchObject({ damaged: 0, steps: [], started: undefined });
  });

  test('reads any prefix of a log, and any bytes, without an error', async () => {
    const text = lines([start, step(1), validation(1, 0.5), step(2), end]);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length), async (length) => {
        const history = await reading(text.slice(0, length));
        expect(history.damaged).toBe(0);
        expect(history.steps.length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 40 },
    );
    const value = fc.record(
      { kind: fc.constantFrom('step', 'start', 'validation', 'end', 1), step: fc.anything(), metrics: fc.anything() },
      { requiredKeys: [] },
    );
    const line = fc.oneof(
      fc.string(),
      fc.json(),
      value.map((each) => JSON.stringify(each) ?? ''),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line), async (all) => {
        const { steps } = await reading(all.join('\n'));
        expect(steps.every((each, i) => i === 0 || each.step > (steps[i - 1]?.step ?? -1))).toBe(true);
      }),
      { numRuns: 60 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await reading(bytes);
      }),
      { numRuns: 40 },
    );
  });
});
