import type { ProgressEvent } from '@neurodex/core';
import { sparkline } from '../report/sparkline.ts';
import { displayWidth, printable, truncate } from '../report/text.ts';
import { formatBytes, formatMetric } from './format.ts';

/** A piece of a line, in a colour where the terminal has any. */
export type Segment = readonly [text: string, colour?: Colour];

/** Select Graphic Rendition codes (ECMA-48), and those that end them. */
const COLOURS = { faint: [2, 22], green: [32, 39], yellow: [33, 39], cyan: [36, 39], bold: [1, 22] } as const;
export type Colour = keyof typeof COLOURS;

/** A line in at most `width` columns, with an ellipsis where it was cut; colours take none. */
export function paint(segments: readonly Segment[], width: number, colours: boolean): string {
  let [painted, left] = ['', width];
  for (const [text, colour] of segments) {
    const shown = truncate(printable(text), left);
    if (colours && colour !== undefined && shown !== '') {
      const [on, off] = COLOURS[colour];
      painted += `\u001b[${on}m${shown}\u001b[${off}m`;
    } else {
      painted += shown;
    }
    if (displayWidth(printable(text)) > left) break;
    left -= displayWidth(shown);
  }
  return painted;
}

/** Most points that a curve keeps: more than any terminal is wide. */
const MOST_POINTS = 512;

/** The course of a figure in bounded memory: where it grows long, neighbours become their mean. */
export class Curve {
  readonly points: number[] = [];
  /** Values of a point. */
  private stride = 1;
  private sum = 0;
  private count = 0;
  last = Number.NaN;
  best = Number.NEGATIVE_INFINITY;

  push(value: number): void {
    this.last = value;
    if (value > this.best) this.best = value;
    this.sum += value;
    this.count++;
    if (this.count < this.stride) return;
    this.points.push(this.sum / this.count);
    this.sum = 0;
    this.count = 0;
    if (this.points.length < MOST_POINTS) return;
    for (let i = 0; i < MOST_POINTS / 2; i++) {
      this.points[i] = ((this.points[2 * i] ?? 0) + (this.points[2 * i + 1] ?? 0)) / 2;
    }
    this.points.length = MOST_POINTS / 2;
    this.stride *= 2;
  }
}

/** Figures of every step; those of validations come now and then, and stay the same in between. */
const STEP_FIGURES = { loss: 'loss', tokenAccuracy: 'accuracy' } as const;

const isStepMetric = (name: string): name is keyof typeof STEP_FIGURES => name in STEP_FIGURES;

/** What a person who watches a training sees below its progress: curves, last and best figures, memory. */
export class LiveView {
  /** Phase → figure → its course. */
  private readonly phases = new Map<string, Map<string, Curve>>();
  private readonly memory: () => number;
  private mostMemory = 0;

  /** @param memory bytes that the process takes */
  constructor(memory: () => number) {
    this.memory = memory;
  }

  /** Whether the event is one of a training: only these have more to show than a line. */
  static shows(event: ProgressEvent): boolean {
    return event.metrics?.loss !== undefined;
  }

  add(event: ProgressEvent): void {
    if (!LiveView.shows(event)) return;
    const curves = this.phases.get(event.phase) ?? new Map<string, Curve>();
    this.phases.set(event.phase, curves);
    for (const [name, value] of Object.entries(event.metrics ?? {})) {
      const curve = curves.get(name) ?? new Curve();
      curves.set(name, curve);
      if (isStepMetric(name) || !Object.is(curve.last, value)) curve.push(value);
    }
  }

  /** @param columns of the terminal */
  lines(phase: string, columns: number): Segment[][] {
    const width = Math.max(4, Math.min(60, columns - LABEL - 32));
    const lines: Segment[][] = [];
    for (const [name, curve] of this.phases.get(phase) ?? []) {
      const step = isStepMetric(name);
      // The loss falls as far as it falls; every other figure is a share.
      const range = name === 'loss' ? {} : { range: [0, 1] as const };
      const best = step || curve.best === curve.last ? '' : `  best ${formatMetric(curve.best)}`;
      lines.push([
        [label(step ? STEP_FIGURES[name] : name), 'faint'],
        [sparkline(curve.points, { width, ...range }), step ? 'cyan' : 'green'],
        [`${curve.points.length > 0 ? '  ' : ''}${formatMetric(curve.last)}`, 'bold'],
        [best, 'faint'],
      ]);
    }
    const bytes = this.memory();
    this.mostMemory = Math.max(this.mostMemory, bytes);
    lines.push([[label('memory'), 'faint'], [`${formatBytes(bytes)}, most ${formatBytes(this.mostMemory)}`]]);
    return lines;
  }
}

const LABEL = 11;
const label = (name: string): string => name.padEnd(LABEL);
