import type { ProgressEvent } from '@neurodex/core';

/** An event with what time says about it. */
export interface Measured {
  readonly event: ProgressEvent;
  /** When it came, in milliseconds. */
  readonly time: number;
  /** Milliseconds since the phase began. */
  readonly elapsed: number;
  /** Units per second, over the window; undefined while too little has been seen. */
  readonly rate: number | undefined;
  /** Seconds that are left at that rate. */
  readonly left: number | undefined;
}

interface Sample {
  readonly time: number;
  readonly done: number;
}

interface Phase {
  readonly began: number;
  last: number;
  /** Oldest first; the first is at least WINDOW old where the phase is. */
  readonly samples: Sample[];
}

/** Milliseconds that the rate looks back: long enough to be calm, short enough to follow a change. */
const WINDOW = 10_000;
/** Milliseconds between samples, so that a fast loop does not fill the window with thousands. */
const SPACING = 250;
/** A rate from less than this is noise. */
const LEAST = 500;

/** Rates and times left of several phases, which may take turns. */
export class ProgressMeter {
  private readonly now: () => number;
  private readonly phases = new Map<string, Phase>();

  constructor(now: () => number) {
    this.now = now;
  }

  measure(event: ProgressEvent): Measured {
    const time = this.now();
    const { done, total } = event;
    let phase = this.phases.get(event.phase);
    // A count that falls back is the same work begun again, such as the evaluation of the next system.
    if (phase === undefined || done < phase.last) {
      phase = { began: time, last: done, samples: [{ time, done }] };
      this.phases.set(event.phase, phase);
    }
    phase.last = done;
    const { samples } = phase;
    if (time - (samples.at(-1)?.time ?? 0) >= SPACING) samples.push({ time, done });
    while (samples.length > 2 && time - (samples[1]?.time ?? 0) >= WINDOW) samples.shift();

    const oldest = samples[0] ?? { time, done };
    const span = time - oldest.time;
    const rate = span >= LEAST && done > oldest.done ? (done - oldest.done) / (span / 1000) : undefined;
    const left = rate === undefined || total === undefined ? undefined : Math.max(0, total - done) / rate;
    return { event, time, elapsed: time - phase.began, rate, left };
  }
}
