import type { ProgressEvent, Reporter } from '../progress.ts';
import { printable, truncate } from '../report/text.ts';
import { formatBytes, formatCount, formatFigure, formatSeconds } from './format.ts';
import type { Output } from './io.ts';
import { type Measured, ProgressMeter } from './progress-meter.ts';

export type ProgressStyle = 'terminal' | 'lines' | 'json';

export interface CommandReporter extends Reporter {
  /** The work is over, well or not: leaves the terminal on a line of its own. */
  close(): void;
}

/** Milliseconds of a phase before it is worth showing. */
const WORTH_SHOWING = 1000;
/** Milliseconds between two drawings of the same phase. */
const INTERVALS = { terminal: 100, lines: 5000, json: 1000 } as const;

export function commandReporter(
  style: ProgressStyle,
  output: Output,
  now: () => number = () => performance.now(),
): CommandReporter {
  switch (style) {
    case 'terminal':
      return new TerminalReporter(output, now);
    case 'lines':
      return new LineReporter(output, now);
    case 'json':
      return new JsonReporter(output, now);
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

/** One line, redrawn; it stays where its phase ended. */
class TerminalReporter extends TimedReporter {
  private line = '';

  constructor(output: Output, now: () => number) {
    super(output, now, INTERVALS.terminal);
  }

  protected override say(message: string): void {
    const { line } = this;
    this.clear();
    super.say(message);
    if (line !== '') this.show(line);
  }

  protected draw(measured: Measured, ended: boolean): void {
    const columns = this.output.columns ?? 80;
    const text = truncate(progressLine(measured, { bar: columns >= 60, ended }), columns - 1);
    // Clearing what the new text does not cover, after it is written, does not flicker.
    this.output.write(`\r${text}\u001b[K`);
    this.line = text;
    if (ended) this.end();
  }

  protected override left(): void {
    this.end();
  }

  private show(line: string): void {
    this.output.write(line);
    this.line = line;
  }

  private clear(): void {
    if (this.line !== '') this.output.write('\r\u001b[K');
    this.line = '';
  }

  private end(): void {
    if (this.line !== '') this.output.write('\n');
    this.line = '';
  }
}

/** Whole lines, for a file or another program's log. */
class LineReporter extends TimedReporter {
  constructor(output: Output, now: () => number) {
    super(output, now, INTERVALS.lines);
  }

  protected draw(measured: Measured, ended: boolean): void {
    this.output.write(`${progressLine(measured, { bar: false, ended })}\n`);
  }
}

/** JSON lines; every phase has at least its last one. */
class JsonReporter extends TimedReporter {
  constructor(output: Output, now: () => number) {
    super(output, now, INTERVALS.json);
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
      },
    });
  }

  private print(value: unknown): void {
    this.output.write(`${JSON.stringify(value)}\n`);
  }
}

const BAR = 20;

function progressLine({ event, elapsed, rate, left }: Measured, options: { bar: boolean; ended: boolean }): string {
  const { phase, done, total, unit, figures = {} } = event;
  const filled = total === undefined || total === 0 ? 0 : Math.min(BAR, Math.round((done / total) * BAR));
  const isBytes = unit === 'bytes';
  const amount = isBytes ? formatBytes : formatCount;
  const parts = [
    phase.padEnd(9),
    options.bar && total !== undefined ? `${'━'.repeat(filled)}${'┄'.repeat(BAR - filled)}` : '',
    `${amount(done)}${total === undefined ? '' : `${isBytes ? ' of ' : '/'}${amount(total)}`}${isBytes ? '' : ` ${unit}`}`,
    options.ended ? `in ${formatSeconds(elapsed / 1000)}` : '',
    options.ended || rate === undefined ? '' : `${isBytes ? formatBytes(Math.round(rate)) : formatFigure(rate)}/s`,
    options.ended || left === undefined ? '' : `${formatSeconds(left)} left`,
    Object.entries(figures)
      .map(([name, value]) => `${name} ${formatFigure(value)}`)
      .join(', '),
  ];
  return printable(parts.filter((part) => part !== '').join('  '));
}
