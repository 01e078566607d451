import { describe, expect, test } from 'vitest';
import { type Reporter, silentReporter } from '../progress.ts';
import type { TrackedEvent, Tracker } from './tracker.ts';

/** One implementation under test. */
export interface TrackerCase {
  readonly name: string;
  /** A new tracker, and what can be read back of the run once it is closed. */
  create(reporter: Reporter): Promise<{ readonly tracker: Tracker; read(): Promise<readonly unknown[]> }>;
  /** A tracker whose place to write to fails, or why there is no such thing. */
  readonly failing: ((reporter: Reporter) => Promise<Tracker>) | { readonly none: string };
}

const start: TrackedEvent = { kind: 'start', time: '2024-05-01T10:00:00.000Z', config: { a: 1 }, dataset: {}, seed: 7 };

const step = (number: number, loss = 1 / number): TrackedEvent => ({
  kind: 'step',
  phase: 'joint',
  step: number,
  loss,
  tokenAccuracy: 0.5,
  learningRate: 1e-3,
  gradientNorm: 2,
  picturesPerSecond: 300,
  seconds: number / 10,
});

const others: TrackedEvent[] = [
  { kind: 'skipped', path: 'chats/été 日本 "quoted"\n.png', reason: 'truncated' },
  { kind: 'validation', phase: 'joint', step: 2, figures: { 'AP@10': 0.25 } },
  { kind: 'message', level: 'warning', text: 'two\nlines' },
  { kind: 'evaluation', figures: { catalogue: 2, systems: { dsi: { 'IA@1': 1 } } } },
  { kind: 'end', time: '2024-05-01T10:01:00.000Z', reason: 'finished' },
];

/** What every tracker promises. */
export function trackerContract({ name, create, failing }: TrackerCase): void {
  describe(`tracker ${name}`, () => {
    test('keeps every event, in order, the first being start', async () => {
      const { tracker, read } = await create(silentReporter);
      const events = [start, step(1), step(2), ...others];
      for (const event of events) tracker.track(event);
      await tracker.close();
      expect(await read()).toEqual(events);
    });

    test('keeps a long run', async () => {
      const { tracker, read } = await create(silentReporter);
      const events = [start, ...Array.from({ length: 5000 }, (_, i) => step(i + 1))];
      for (const event of events) tracker.track(event);
      await tracker.close();
      expect(await read()).toEqual(events);
    });

    test('a number that is not finite and a value that cannot be written never throw', async () => {
      const { tracker } = await create(silentReporter);
      const circular: Record<string, unknown> = {};
      circular.self = circular;
      tracker.track(start);
      tracker.track(step(1, Number.NaN));
      tracker.track({ kind: 'evaluation', figures: { size: 10n, circular } });
      tracker.track(step(2));
      await tracker.close();
    });

    test('close may be called twice, and what comes after it is dropped without a sound', async () => {
      const { tracker, read } = await create(silentReporter);
      tracker.track(start);
      await tracker.close();
      await tracker.close();
      tracker.track(step(1));
      await tracker.close();
      expect(await read()).toEqual([start]);
    });

    if (typeof failing === 'function') {
      test('a failing place to write to is warned about once, and never throws', async () => {
        const warnings: string[] = [];
        const tracker = await failing({ ...silentReporter, warn: (message) => warnings.push(message) });
        tracker.track(start);
        for (let i = 1; i < 2000; i++) tracker.track(step(i));
        await tracker.close();
        await tracker.close();
        expect(warnings.length).toBe(1);
      });
    } else {
      test.skip(`a failing place to write to (${failing.none})`, () => {});
    }
  });
}
