import { readFileSync } from 'node:fs';
import { type Reporter, silentReporter } from '@neurodex/core';
import { describe, expect, test } from 'vitest';
import { DONE, type TrackedEvent, type Tracker } from './tracker.ts';

/** Bytes that the trackers' own programs wrote. */
export const GOLDEN = JSON.parse(readFileSync(new URL('fixtures/trackers.json', import.meta.url), 'utf8')) as {
  readonly picture: string;
  readonly tensorboard: string;
  readonly wandbLog: { readonly lengths: readonly number[]; readonly bytes: number; readonly sha256: string };
  readonly wandbRecords: Readonly<Record<string, string>>;
};

type StepEvent = Extract<TrackedEvent, { kind: 'step' }>;

/** What can be read back of a run, wherever it was kept. */
export interface Kept {
  readonly config: unknown;
  readonly seed: number;
  /** In order. */
  readonly steps: readonly Omit<StepEvent, 'kind' | 'phase'>[];
  readonly validations: readonly { readonly step: number; readonly metrics: Readonly<Record<string, number>> }[];
  /** Of messages and skipped pictures; compared by what they contain. */
  readonly texts: string;
  /** How many pictures under each name, and their bytes where these are kept. */
  readonly pictures: Readonly<Record<string, readonly (Uint8Array | undefined)[]>>;
  /** Whether it ended well; undefined for a run that was not told its end. */
  readonly endedWell: boolean | undefined;
}

export interface Opened {
  readonly tracker: Tracker;
  /** What can be read back once it is closed. */
  read(): Promise<Kept>;
}

interface None {
  /** Why there is no such thing. */
  readonly none: string;
}

/** One implementation under test. */
export interface TrackerCase {
  readonly name: string;
  open(reporter: Reporter): Promise<Opened>;
  /** Every event as it was told, or why that is not kept. */
  readonly events: ((reporter: Reporter) => Promise<{ tracker: Tracker; read(): Promise<readonly unknown[]> }>) | None;
  /** A tracker whose place to write to refuses for good. */
  readonly failing: ((reporter: Reporter) => Promise<Tracker>) | None;
  /** A tracker whose place never answers, and that waits for it less than a second when it is closed. */
  readonly hanging: ((reporter: Reporter) => Promise<Tracker>) | None;
  /** A tracker whose place refuses at first and works later; `mend` makes it work. */
  readonly recovering: ((reporter: Reporter) => Promise<Opened & { mend(): void }>) | None;
}

const config = { model: { width: 64, stem: 'linear' }, training: { learningRate: 0.0015, trieMasking: true } };
export const start: TrackedEvent = {
  kind: 'start',
  time: '2024-05-01T10:00:00.000Z',
  config,
  dataset: { name: 'folder', source: '/photos' },
  seed: 7,
};

export const step = (number: number, loss = 1 / number): StepEvent => ({
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

/** A picture of 2 × 1 pixels, made by Pillow (fixtures/README.md). */
export const PNG = Buffer.from(GOLDEN.picture, 'base64');
const pictures: TrackedEvent = {
  kind: 'pictures',
  name: 'catalogue',
  task: 'indexing',
  step: 0,
  pictures: [0, 1].map((i) => ({ bytes: PNG, format: 'png', width: 2, height: 1, caption: `0${i} cat "été"` })),
};
const others: TrackedEvent[] = [
  { kind: 'validation', phase: 'joint', step: 2, metrics: { 'AP@10': 0.25, 'IA@1': 0.75 } },
  { kind: 'message', level: 'warning', text: 'two\nlines' },
  { kind: 'evaluation', metrics: { catalogue: 2, systems: { dsi: { 'IA@1': 1 } } } },
  { kind: 'end', time: '2024-05-01T10:01:00.000Z', reason: DONE },
];
const skipped: TrackedEvent = { kind: 'skipped', path: 'chats/été 日本 "quoted".png', reason: 'truncated' };

const facts = ({ kind: _, phase: __, ...rest }: StepEvent) => rest;
/** Some places keep numbers as float32. */
const about = <T extends object>(expected: T) =>
  Object.fromEntries(
    Object.entries(expected).map(([key, value]) => [
      key,
      Number.isInteger(value) ? value : expect.closeTo(value as number, 6),
    ]),
  );

/** What every tracker promises. */
export function trackerContract({ name, open, events, failing, hanging, recovering }: TrackerCase): void {
  const warned = () => {
    const warnings: string[] = [];
    return { warnings, reporter: { ...silentReporter, warn: (message: string) => warnings.push(message) } };
  };

  describe(`tracker ${name}`, () => {
    test('keeps the configuration, steps, validations, pictures, words and end of a run', async () => {
      const { warnings, reporter } = warned();
      const { tracker, read } = await open(reporter);
      for (const event of [start, skipped, pictures, step(1), step(2), ...others]) tracker.track(event);
      await tracker.close();
      const kept = await read();
      expect(kept.config).toMatchObject(config);
      expect(kept.seed).toBe(7);
      expect(kept.steps).toEqual([about(facts(step(1))), about(facts(step(2)))]);
      expect(kept.validations).toEqual([{ step: 2, metrics: about({ 'AP@10': 0.25, 'IA@1': 0.75 }) }]);
      expect(kept.texts).toContain('été 日本 "quoted".png');
      expect(kept.texts).toContain('two');
      expect(Object.keys(kept.pictures)).toEqual(['catalogue']);
      expect(kept.pictures.catalogue).toHaveLength(2);
      for (const bytes of kept.pictures.catalogue ?? [])
        if (bytes !== undefined) expect(Buffer.compare(bytes, PNG)).toBe(0);
      expect(kept.endedWell).toBe(true);
      expect(warnings).toEqual([]);
    });

    test('keeps a long run, in order', async () => {
      const { tracker, read } = await open(silentReporter);
      const long = Array.from({ length: 5000 }, (_, i) => step(i + 1));
      for (const event of [start, ...long]) tracker.track(event);
      await tracker.close();
      const { steps } = await read();
      expect(steps.map((each) => each.step)).toEqual(long.map((each) => each.step));
      expect(steps.every(({ loss, step: n }) => Math.abs(loss - 1 / n) < 1e-6)).toBe(true);
    });

    test('a run that breaks is kept as one that did not end well', async () => {
      const { tracker, read } = await open(silentReporter);
      for (const event of [start, step(1)]) tracker.track(event);
      tracker.track({ kind: 'end', time: '2024-05-01T10:01:00.000Z', reason: 'training diverged' });
      await tracker.close();
      expect((await read()).endedWell).toBe(false);
    });

    if (typeof events === 'function') {
      test('keeps every event as it was told', async () => {
        const { tracker, read } = await events(silentReporter);
        const told = [start, step(1), step(2), skipped, ...others];
        for (const event of told) tracker.track(event);
        await tracker.close();
        expect(await read()).toEqual(told);
      });
    } else {
      test.skip(`keeps every event as it was told (${events.none})`, () => {});
    }

    test('a number that is not finite and a value that cannot be written never throw, and cost nothing else', async () => {
      const { warnings, reporter } = warned();
      const { tracker, read } = await open(reporter);
      const circular: Record<string, unknown> = {};
      circular.self = circular;
      tracker.track(start);
      tracker.track(step(1, Number.NaN));
      tracker.track({ kind: 'evaluation', metrics: { size: 10n, circular } });
      tracker.track(step(2, Number.POSITIVE_INFINITY));
      tracker.track(step(3));
      await tracker.close();
      expect((await read()).steps.at(-1)).toEqual(about(facts(step(3))));
      expect(warnings).toEqual([]);
    });

    test('close may be called twice, and what comes after it is dropped without a sound', async () => {
      const { warnings, reporter } = warned();
      const { tracker, read } = await open(reporter);
      tracker.track(start);
      tracker.track(step(1));
      await tracker.close();
      await tracker.close();
      tracker.track(step(2));
      await tracker.close();
      expect((await read()).steps).toHaveLength(1);
      expect(warnings).toEqual([]);
    });

    // What an outage looks like from the training loop: it goes on at once, and hears of it once.
    const outage = async (tracker: Tracker) => {
      tracker.track(start);
      for (let i = 1; i < 500; i++) tracker.track(step(i));
      await new Promise((resolve) => setTimeout(resolve, 50));
      for (let i = 500; i < 2000; i++) tracker.track(step(i));
    };

    if (typeof failing === 'function') {
      test('a failing place to write to is warned about once, and never throws', async () => {
        const { warnings, reporter } = warned();
        const tracker = await failing(reporter);
        await outage(tracker);
        await tracker.close();
        await tracker.close();
        expect(warnings).toHaveLength(1);
      });
    } else {
      test.skip(`a failing place to write to (${failing.none})`, () => {});
    }

    if (typeof hanging === 'function') {
      test('a place that never answers holds up neither training nor its end, and is warned about once', async () => {
        const { warnings, reporter } = warned();
        const tracker = await hanging(reporter);
        await outage(tracker);
        expect(warnings.length).toBeLessThanOrEqual(1);
        await tracker.close();
        expect(warnings).toHaveLength(1);
      });
    } else {
      test.skip(`a place that never answers (${hanging.none})`, () => {});
    }

    if (typeof recovering === 'function') {
      test('a place that works again is caught up with, and nothing is lost', async () => {
        const { warnings, reporter } = warned();
        const { tracker, read, mend } = await recovering(reporter);
        await outage(tracker);
        await expect.poll(() => warnings.length, { timeout: 20_000, interval: 5 }).toBe(1);
        mend();
        tracker.track(step(2000));
        await tracker.close();
        expect(warnings).toHaveLength(1);
        expect((await read()).steps.map((each) => each.step)).toEqual(Array.from({ length: 2000 }, (_, i) => i + 1));
      });
    } else {
      test.skip(`a place that works again (${recovering.none})`, () => {});
    }
  });
}

/** What events say, for the trackers that keep them. */
export function keptOf(events: readonly TrackedEvent[]): Kept {
  const of = <K extends TrackedEvent['kind']>(kind: K) =>
    events.filter((event): event is Extract<TrackedEvent, { kind: K }> => event.kind === kind);
  const [first] = of('start');
  const end = of('end').at(-1);
  return {
    config: first?.config,
    seed: first?.seed ?? Number.NaN,
    steps: of('step').map(facts),
    validations: of('validation').map(({ step: number, metrics }) => ({ step: number, metrics })),
    texts: [...of('skipped').map(({ path }) => path), ...of('message').map(({ text }) => text)].join('\n'),
    pictures: Object.fromEntries(
      of('pictures').map((event) => [event.name, event.pictures.map(({ bytes }) => bytes as Uint8Array | undefined)]),
    ),
    endedWell: end === undefined ? undefined : end.reason === DONE,
  };
}
