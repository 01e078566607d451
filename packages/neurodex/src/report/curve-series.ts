import type { TrackedEvent } from '@neurodex/tracking';

export interface Point {
  readonly step: number;
  readonly value: number;
}

export interface PhaseStart {
  readonly phase: string;
  readonly step: number;
}

/** What a learning curve shows of a run. */
export interface CurveSeries {
  readonly loss: readonly Point[];
  readonly tokenAccuracy: readonly Point[];
  /** Figure → its values. */
  readonly validation: ReadonlyMap<string, readonly Point[]>;
  readonly phases: readonly PhaseStart[];
  readonly lastStep: number;
}

export function curveSeries(events: readonly TrackedEvent[]): CurveSeries {
  const loss: Point[] = [];
  const tokenAccuracy: Point[] = [];
  const validation = new Map<string, Point[]>();
  const phases: PhaseStart[] = [];
  let lastStep = 0;
  for (const event of events) {
    if (event.kind !== 'step' && event.kind !== 'validation') continue;
    const { step, phase } = event;
    lastStep = Math.max(lastStep, step);
    if (event.kind === 'step') {
      if (phases.at(-1)?.phase !== phase) phases.push({ phase, step });
      loss.push({ step, value: event.loss });
      tokenAccuracy.push({ step, value: event.tokenAccuracy });
    } else {
      for (const [name, value] of Object.entries(event.metrics)) {
        validation.set(name, [...(validation.get(name) ?? []), { step, value }]);
      }
    }
  }
  const sound = (points: readonly Point[]): Point[] => points.filter(({ value }) => Number.isFinite(value));
  return {
    loss: sound(loss),
    tokenAccuracy: sound(tokenAccuracy),
    validation: new Map([...validation].map(([name, points]) => [name, sound(points)])),
    phases,
    lastStep,
  };
}

/** Mean over a window of `width` points around each, cut off at both ends. */
export function smoothed(points: readonly Point[], width: number): Point[] {
  const half = Math.floor(width / 2);
  const sums = [0];
  for (const { value } of points) sums.push((sums.at(-1) ?? 0) + value);
  return points.map(({ step }, i) => {
    const [from, to] = [Math.max(0, i - half), Math.min(points.length, i + half + 1)];
    return { step, value: ((sums[to] ?? 0) - (sums[from] ?? 0)) / (to - from) };
  });
}

/** At most about `most` points: the smallest and the largest of each stretch, so that no outlier is hidden, and the last. */
export function thinned(points: readonly Point[], most: number): Point[] {
  if (points.length <= most) return [...points];
  const stretch = Math.ceil(points.length / (most / 2));
  const kept: Point[] = [];
  for (let from = 0; from < points.length; from += stretch) {
    const part = points.slice(from, from + stretch);
    const least = part.reduce((a, b) => (b.value < a.value ? b : a));
    const greatest = part.reduce((a, b) => (b.value > a.value ? b : a));
    kept.push(...(least.step === greatest.step ? [least] : [least, greatest].sort((a, b) => a.step - b.step)));
  }
  const last = points.at(-1);
  if (last !== undefined && kept.at(-1)?.step !== last.step) kept.push(last);
  return kept;
}
