import type { ProgressEvent, Reporter } from '@neurodex/core';
import { type Measured, ProgressMeter } from '../jobs/progress-meter.ts';
import { displayWidth, printable } from '../report/text.ts';
import { formatBytes, formatCount, formatMetric, formatSeconds } from './format.ts';
import type { Output } from './io.ts';
import { LiveView, paint, type Segment } from './live-view.ts';

export type ProgressStyle = 'terminal' | 'lines' | 'json';

export interface CommandReporter extends Reporter {
  /** The work is over, well or not: leaves the terminal on a line of its own. */
  close(): void;
}

/** Milliseconds of a phase before it is worth showing. */
const WORTH_SHOWING = 1000;
/** Milliseconds between two drawings of the same phase. */
const INTERVALS = { terminal: 100, lines: 5000, json: 1000 } as const;

export interface ReporterOptions {
  /** Milliseconds; `performance.now` unless a test has its own. */
  readonly now?: () => number;
  /** Bytes that the process takes. */
  readonly memory?: () => number;
  /** Whether a terminal is drawn on in colours. */
  readonly colour?: boolean;
}

export function commandReporter(style: ProgressStyle, output: Output, options: ReporterOptions = {}): CommandReporter {
  const { now = () => performance.now(), memory = () => process.memoryUsage.rss(), colour = false } = options;
  switch (style) {
    case 'terminal':
      return new TerminalReporter(output, now, memory, colour);
    case 'lines':
      return new LineReporter(output, now);
    case 'json':
      return new JsonReporter(output, now, memory);
  }
}

/** Warnings only: they concern the result, not the way to it. */
export const quietly = (reporter: CommandReporter): CommandReporter => ({
  progress() {},
  info() {},
  warn: (message, details) => reporter.warn(message, details),
  close: () => reporter.close(),
});

/** What all styles share: when a phase is drawn. */
abstract class TimedReporter implements CommandReporter {
  protected readonly output: Output;
  private readonly meter: ProgressMeter;
  private readonly interval: number;
  private drawn = Number.NEGATIVE_INFINITY;
  /** The last event of a phase that has not come to its end. */
  private current: Measured | undefined;

  constructor(output: Output, now: () => number, interval: number) {
    this.output = output;
    this.meter = new ProgressMeter(now);
    this.interval = interval;
  }

  warn(message: string, _details?: Readonly<Record<string, string | number>>): void {
    this.say(`warning: ${message}`);
  }

  progress(event: ProgressEvent): void {
    const measured = this.meter.measure(event);
    const ended = event.done === event.total;
    if (measured.elapsed < WORTH_SHOWING && !(ended && this.showsShortPhases())) return;
    const changed = this.current !== undefined && this.current.event.phase !== event.phase;
    if (changed) this.leave();
    this.current = measured;
    if (!changed && !ended && measured.time - this.drawn < this.interval) return;
    this.drawNow(measured, ended);
    if (ended) this.current = undefined;
  }

  info(message: string): void {
    this.say(message);
  }

  close(): void {
    this.leave();
  }

  /** A phase is left before its end: another began, or the work stopped. What was last heard of it is shown. */
  private leave(): void {
    if (this.current !== undefined && this.current.time > this.drawn) this.drawNow(this.current, false);
    this.current = undefined;
    this.left();
  }

  private drawNow(measured: Measured, ended: boolean): void {
    this.drawn = measured.time;
    this.draw(measured, ended);
  }

  protected showsShortPhases(): boolean {
    return false;
  }

  protected say(message: string): void {
    for (const line of message.split('\n')) this.output.write(`${printable(line)}\n`);
  }

  /** @param ended the phase is done: nothing of it follows */
  protected abstract draw(measured: Measured, ended: boolean): void;
  protected left(): void {}
}

/**
 * A line with a bar, and below it what is known of a training, redrawn in place. When a phase ends its line stays and the
 * rest goes.
 */
class TerminalReporter extends TimedReporter {
  private readonly view: LiveView;
  private readonly colour: boolean;
  /** Widths of the lines that are drawn; none after a phase or a message. */
  private widths: number[] = [];
  private last: { readonly measured: Measured; readonly ended: boolean } | undefined;

  constructor(output: Output, now: () => number, memory: () => number, colour: boolean) {
    super(output, now, INTERVALS.terminal);
    this.view = new LiveView(memory);
    this.colour = colour;
  }

  override progress(event: ProgressEvent): void {
    this.view.add(event);
    super.progress(event);
  }

  override warn(message: string): void {
    this.above(() => {
      for (const [i, line] of message.split('\n').entries()) {
        const head: Segment[] = i === 0 ? [['warning:', 'yellow'], [' ']] : [];
        this.output.write(`${paint([...head, [line]], Number.POSITIVE_INFINITY, this.colour)}\n`);
      }
    });
  }

  protected override say(message: string): void {
    this.above(() => super.say(message));
  }

  /** Messages stand above what is drawn. */
  private above(write: () => void): void {
    const last = this.last;
    const drawn = this.widths.length > 0;
    if (drawn) this.output.write(`${this.home()}\u001b[J`);
    this.widths = [];
    write();
    if (drawn && last !== undefined) this.draw(last.measured, last.ended);
  }

  protected draw(measured: Measured, ended: boolean): void {
    const { columns = 80, rows = 24 } = this.output;
    const { event } = measured;
    const training = LiveView.shows(event) && !ended;
    const head = progressLine(measured, { bar: columns >= 60, ended, metrics: !training });
    const lines = [head, ...(training ? this.view.lines(event.phase, columns) : [])];
    // One line fits everywhere; more than the terminal is high could not be drawn over.
    const shown = lines.length < rows ? lines : lines.slice(0, 1);
    const width = columns - 1;
    const painted = shown.map((line) => paint(line, width, this.colour));
    // Clearing what the new text does not cover, after it is written, does not flicker.
    this.output.write(`${this.home()}${painted.join('\u001b[K\n')}\u001b[K${shown.length > 1 ? '\u001b[J' : ''}`);
    this.widths = shown.map((line) => Math.min(width, displayWidth(printable(line.map(([text]) => text).join('')))));
    this.last = { measured, ended };
    if (ended) this.end();
  }

  /** Back to the first column of the first line that is drawn: a terminal that became narrower has broken long ones. */
  private home(): string {
    const { columns = 80 } = this.output;
    const rows = this.widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return rows > 1 ? `\u001b[${rows - 1}A\r` : '\r';
  }

  /** The phase is over or left: its first line stays, and the cursor goes below. */
  protected override left(): void {
    this.end();
  }

  private end(): void {
    const last = this.last;
    if (this.widths.length > 1 && last !== undefined) {
      const { columns = 80 } = this.output;
      const line = progressLine(last.measured, { bar: columns >= 60, ended: last.ended, metrics: true });
      this.output.write(`${this.home()}${paint(line, columns - 1, this.colour)}\u001b[K\u001b[J`);
    }
    if (this.widths.length > 0) this.output.write('\n');
    this.widths = [];
  }
}

/** Whole lines, for a file or another program's log. */
class LineReporter extends TimedReporter {
  constructor(output: Output, now: () => number) {
    super(output, now, INTERVALS.lines);
  }

  protected draw(measured: Measured, ended: boolean): void {
    const line = progressLine(measured, { bar: false, ended, metrics: true });
    this.output.write(`${paint(line, Number.POSITIVE_INFINITY, false)}\n`);
  }
}

/** JSON lines; every phase has at least its last one. */
class JsonReporter extends TimedReporter {
  private readonly memory: () => number;

  constructor(output: Output, now: () => number, memory: () => number) {
    super(output, now, INTERVALS.json);
    this.memory = memory;
  }

  override warn(message: string, details?: Readonly<Record<string, string | number>>): void {
    this.print({ warning: { message, ...(details === undefined ? {} : { details }) } });
  }

  override info(message: string): void {
    this.print({ info: { message } });
  }

  protected override showsShortPhases(): boolean {
    return true;
  }

  protected draw({ event, elapsed, rate, left }: Measured): void {
    const round = (value: number): number => Number(value.toPrecision(4));
    this.print({
      progress: {
        ...event,
        seconds: round(elapsed / 1000),
        ...(rate === undefined ? {} : { rate: round(rate) }),
        ...(left === undefined ? {} : { secondsLeft: round(left) }),
        memory: this.memory(),
      },
    });
  }

  private print(value: unknown): void {
    this.output.write(`${JSON.stringify(value)}\n`);
  }
}

const BAR = 20;

function progressLine(
  { event, elapsed, rate, left }: Measured,
  options: { readonly bar: boolean; readonly ended: boolean; readonly metrics: boolean },
): Segment[] {
  const { phase, done, total, unit, metrics = {} } = event;
  const filled = total === undefined || total === 0 ? 0 : Math.min(BAR, Math.round((done / total) * BAR));
  const isBytes = unit === 'bytes';
  const amount = isBytes ? formatBytes : formatCount;
  const facts = [
    `${amount(done)}${total === undefined ? '' : `${isBytes ? ' of ' : '/'}${amount(total)}`}${isBytes ? '' : ` ${unit}`}`,
    options.ended ? `in ${formatSeconds(elapsed / 1000)}` : '',
    options.ended || rate === undefined ? '' : `${isBytes ? formatBytes(Math.round(rate)) : formatMetric(rate)}/s`,
    options.ended || left === undefined ? '' : `${formatSeconds(left)} left`,
    options.metrics
      ? Object.entries(metrics)
          .map(([name, value]) => `${name} ${formatMetric(value)}`)
          .join(', ')
      : '',
  ].filter((fact) => fact !== '');
  const bar: Segment[] =
    options.bar && total !== undefined
      ? [['━'.repeat(filled), 'green'], ['┄'.repeat(BAR - filled), 'faint'], ['  ']]
      : [];
  return [[phase.padEnd(9)], ['  '], ...bar, [facts.join('  ')]];
}
