import type { ProgressEvent } from '@neurodex/core';
import { describe, expect, it } from 'vitest';
import { Curve } from './live-view.ts';
import { type CommandReporter, commandReporter, type ProgressStyle, quietly } from './progress.ts';

function collector() {
  let text = '';
  return {
    write(more: string): void {
      text += more;
    },
    take(): string {
      const taken = text;
      text = '';
      return taken;
    },
  };
}

/** A reporter under a clock that a test turns. */
function watched(style: ProgressStyle, columns = 80, { colour = false, rows = 24 } = {}) {
  let time = 5_000_000;
  const { write, take } = collector();
  const output = { write, columns, rows, isTTY: style === 'terminal' };
  const reporter = commandReporter(style, output, { now: () => time, memory: () => 123_456_789, colour });
  return {
    reporter,
    /** Events of one phase, `each` milliseconds apart. */
    count(from: number, to: number, each: number, event: Partial<ProgressEvent> = {}, by = 1): void {
      for (let done = from; done <= to; done += by) {
        reporter.progress({ phase: 'joint', total: 100, unit: 'steps', ...event, done });
        time += each;
      }
    },
    take,
    output,
  };
}

/**
 * What a terminal shows after it was sent a text, line by line: carriage returns, line feeds, "cursor up", "clear to the
 * end of the line" and "of the screen", and lines broken at its width. Colours are left out.
 */
function screen(text: string, columns = 80): string[] {
  const lines: string[][] = [[]];
  let [row, column] = [0, 0];
  const line = (): string[] => {
    while (lines.length <= row) lines.push([]);
    return lines[row] ?? [];
  };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are told with them what to do
  for (const [part] of text.matchAll(/\u001b\[\d*[A-Za-z]|./gsu)) {
    if (part === '\r') column = 0;
    else if (part === '\n') {
      row++;
      column = 0;
      line();
    } else if (part === '\u001b[K') line().splice(column);
    else if (part === '\u001b[J') {
      line().splice(column);
      lines.splice(row + 1);
    } else if (part.endsWith('A') && part.length > 1) row = Math.max(0, row - Number(part.slice(2, -1)));
    else if (!part.endsWith('m') || part.length === 1) {
      if (column === columns) {
        row++;
        column = 0;
      }
      const target = line();
      while (target.length < column) target.push(' ');
      target[column++] = part;
    }
  }
  return lines.map((each) => each.join(''));
}

describe('lines', () => {
  it('are silent about short work', () => {
    const { reporter, count, take } = watched('lines');
    count(1, 100, 9);
    reporter.close();
    expect(take()).toBe('');
  });

  it('come every five seconds and at the end, with rate and time left', () => {
    const { count, take } = watched('lines');
    count(1, 100, 200, { metrics: { loss: 1.23456, 'AP@10': 0.5 } });
    expect(take().trimEnd().split('\n')).toEqual([
      'joint      6/100 steps  5.000/s  19 s left  loss 1.235, AP@10 0.500',
      'joint      31/100 steps  5.000/s  14 s left  loss 1.235, AP@10 0.500',
      'joint      56/100 steps  5.000/s  9 s left  loss 1.235, AP@10 0.500',
      'joint      81/100 steps  5.000/s  4 s left  loss 1.235, AP@10 0.500',
      'joint      100/100 steps  in 20 s  loss 1.235, AP@10 0.500',
    ]);
  });

  it('follow a change of speed within the window', () => {
    const { count, take } = watched('lines');
    count(1, 50, 1000, { total: 1000 });
    count(51, 180, 100, { total: 1000 });
    expect(take().trimEnd().split('\n').at(-1)).toContain('10.0/s');
  });

  it('say where a phase stopped before its end, once', () => {
    const { reporter, count, take } = watched('lines');
    count(1, 12, 200);
    take();
    count(1, 10, 200, { phase: 'evaluate', total: 10, unit: 'queries' });
    reporter.close();
    expect(take().trimEnd().split('\n')).toEqual([
      'joint      12/100 steps  5.000/s  18 s left',
      'evaluate   6/10 queries  5.000/s  1 s left',
      'evaluate   10/10 queries  in 2 s',
    ]);
  });

  it('are not interrupted by short work in between', () => {
    const { count, take } = watched('lines');
    count(1, 20, 200);
    take();
    count(1, 5, 10, { phase: 'validate', total: 5 });
    expect(take()).toBe('');
  });

  it('count a phase that begins again from its new beginning', () => {
    const { count, take } = watched('lines');
    count(1, 20, 300, { phase: 'evaluate', total: 20 });
    count(1, 20, 100, { phase: 'evaluate', total: 20 });
    expect(take().trimEnd().split('\n').at(-1)).toBe('evaluate   20/20 steps  in 2 s');
  });

  it('have no total and no time left where there is none', () => {
    let time = 0;
    const output = collector();
    const reporter = commandReporter('lines', output, { now: () => time });
    for (let done = 1; done < 4; done++) {
      reporter.progress({ phase: 'download', done: done * 1_000_000, unit: 'bytes' });
      time += 3000;
    }
    reporter.close();
    expect(output.take().trimEnd().split('\n')).toEqual([
      'download   2.00 MB  333 kB/s',
      'download   3.00 MB  333 kB/s',
    ]);
  });

  it('name every skipped file, on a line of its own, without its control characters', () => {
    const { reporter, take } = watched('lines');
    for (let i = 0; i < 500; i++) reporter.warn(`skipped ${i}.jpg: empty\u001b[2J`);
    const lines = take().trimEnd().split('\n');
    expect(lines).toHaveLength(500);
    expect(lines[499]).toBe('warning: skipped 499.jpg: empty\\x1b[2J');
  });
});

describe('terminal', () => {
  it('redraws one line, with a bar, ten times a second at most', () => {
    const { count, take } = watched('terminal');
    count(1, 50, 50);
    const text = take();
    expect(text).not.toContain('\n');
    expect(text.split('\r').length - 1).toBeLessThanOrEqual(16);
    expect(screen(text)).toEqual(['joint      ━━━━━━━━━━┄┄┄┄┄┄┄┄┄┄  49/100 steps  20.0/s  3 s left']);
  });

  it('leaves the line where the phase ended', () => {
    const { count, take } = watched('terminal');
    count(1, 100, 50);
    expect(screen(take())).toEqual(['joint      ━━━━━━━━━━━━━━━━━━━━  100/100 steps  in 5 s', '']);
  });

  it('puts warnings above the line', () => {
    const { reporter, count, take } = watched('terminal');
    count(1, 40, 100);
    reporter.warn('skipped a.jpg: empty');
    const shown = screen(take());
    expect(shown[0]).toBe('warning: skipped a.jpg: empty');
    expect(shown[1]).toMatch(/^joint .* 40\/100 steps/);
  });

  it('never wraps', () => {
    for (const columns of [20, 40, 59, 60, 100]) {
      const { count, take } = watched('terminal', columns);
      count(1, 60, 100, { metrics: { loss: 1.5, accuracy: 0.25, 'AP@10': 0.125, 'Success@10': 0.5 } });
      const lines = screen(take(), columns);
      expect(lines).toHaveLength(6);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(columns);
    }
  });

  it('leaves the cursor on a new line when the work stops', () => {
    const { reporter, count, take } = watched('terminal');
    count(1, 40, 100);
    reporter.close();
    expect(take().endsWith('\n')).toBe(true);
    reporter.close();
    expect(take()).toBe('');
  });
});

describe('the live view of a training', () => {
  const step = (done: number) => ({
    loss: 4 / done,
    tokenAccuracy: done / 100,
    ...(done < 20 ? {} : { 'AP@10': Math.floor(done / 20) / 10, 'IA@1': done < 60 ? 1 : 0.5 }),
  });
  const train = ({ reporter, count }: ReturnType<typeof watched>, from: number, to: number, phase = 'joint') => {
    for (let done = from; done <= to; done++) count(done, done, 100, { metrics: step(done), phase });
    return reporter;
  };

  it('shows curves, validations as they come, and memory, below the progress', () => {
    const watching = watched('terminal');
    train(watching, 1, 15);
    expect(screen(watching.take()).map((line) => line.replaceAll(/[▁-█]+/g, '~'))).toEqual([
      'joint      ━━━┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  15/100 steps  10.0/s  9 s left',
      'loss       ~  0.267',
      'accuracy   ~  0.150',
      'memory     123 MB, most 123 MB',
    ]);
    train(watching, 16, 65);
    expect(screen(`${'\n'.repeat(3)}${watching.take()}`).map((line) => line.replaceAll(/[▁-█]{5,}/g, '~'))).toEqual([
      'joint      ━━━━━━━━━━━━━┄┄┄┄┄┄┄  65/100 steps  10.0/s  4 s left',
      'loss       ~  0.062',
      'accuracy   ~  0.650',
      'AP@10      ▁▂▃  0.300',
      'IA@1       █▅  0.500  best 1.000',
      'memory     123 MB, most 123 MB',
    ]);
  });

  it('draws over itself: however long it trains, the screen has one view', () => {
    const watching = watched('terminal');
    train(watching, 1, 90);
    const text = watching.take();
    expect(text.split('\u001b[K').length).toBeGreaterThan(200);
    expect(screen(text)).toHaveLength(6);
  });

  it('leaves one line with the figures of a phase that is over, and begins anew with the next', () => {
    const watching = watched('terminal', 130);
    train(watching, 1, 100, 'indexing');
    train(watching, 1, 30, 'retrieval');
    watching.reporter.close();
    expect(screen(watching.take(), 130)).toEqual([
      'indexing   ━━━━━━━━━━━━━━━━━━━━  100/100 steps  in 10 s  loss 0.040, tokenAccuracy 1.000, AP@10 0.500, IA@1 0.500',
      'retrieval  ━━━━━━┄┄┄┄┄┄┄┄┄┄┄┄┄┄  30/100 steps  10.0/s  7 s left  loss 0.133, tokenAccuracy 0.300, AP@10 0.100, IA@1 1.000',
      '',
    ]);
  });

  it('has warnings above it, once', () => {
    const watching = watched('terminal');
    train(watching, 1, 40);
    watching.reporter.warn('skipped a.jpg: empty');
    watching.reporter.info('two\nlines');
    train(watching, 41, 50);
    const shown = screen(watching.take());
    expect(shown.slice(0, 4)).toEqual([
      'warning: skipped a.jpg: empty',
      'two',
      'lines',
      expect.stringContaining('50/100 steps'),
    ]);
    expect(shown).toHaveLength(9);
  });

  it('is one line where the terminal is too low for more', () => {
    const watching = watched('terminal', 80, { rows: 4 });
    train(watching, 1, 40);
    expect(screen(watching.take())).toEqual([expect.stringMatching(/^joint .* 40\/100 steps/)]);
  });

  it('follows a terminal that is made narrower or wider', () => {
    const watching = watched('terminal', 120);
    train(watching, 1, 40);
    watching.take();
    // What was 68 columns wide stands in three lines of 30 now: the way home is that much longer.
    watching.output.columns = 30;
    train(watching, 41, 41);
    const narrow = watching.take();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for one
    expect(Number(/^\u001b\[(\d+)A/.exec(narrow)?.[1])).toBeGreaterThan(6);
    expect(Math.max(...screen(narrow, 30).map((line) => line.length))).toBeLessThan(30);
    watching.output.columns = 120;
    train(watching, 42, 42);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for one
    expect(watching.take()).toMatch(/^\u001b\[5A/);
  });

  it('has colours only where they are wanted, and they change no width', () => {
    const [plain, coloured] = [watched('terminal', 70), watched('terminal', 70, { colour: true })];
    for (const watching of [plain, coloured]) {
      train(watching, 1, 70);
      watching.reporter.warn('careful');
    }
    const [without, withThem] = [plain.take(), coloured.take()];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for them
    const sgr = /\u001b\[\d+m/g;
    expect(without).not.toMatch(sgr);
    expect(withThem).toMatch(sgr);
    expect(withThem.replaceAll(sgr, '')).toBe(without);
  });

  it('keeps curves in bounded memory, whatever the length of the run', () => {
    const curve = new Curve();
    for (let i = 0; i < 1_000_000; i++) curve.push(i);
    expect(curve.points.length).toBeLessThanOrEqual(512);
    expect(curve.points.length).toBeGreaterThan(200);
    expect(curve.points.every((value, i) => i === 0 || value > (curve.points[i - 1] ?? 0))).toBe(true);
    expect(curve.last).toBe(999_999);
  });
});

describe('json', () => {
  it('gives every phase its last event, and more of the long ones', () => {
    const { reporter, count, take } = watched('json');
    count(1, 3, 10, { phase: 'ingest', total: 3, unit: 'pictures' });
    count(1, 30, 100);
    reporter.info('done');
    reporter.close();
    const lines = take()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([
      { progress: { phase: 'ingest', done: 3, total: 3, unit: 'pictures', seconds: 0.02, memory: 123_456_789 } },
      {
        progress: {
          phase: 'joint',
          done: 11,
          total: 100,
          unit: 'steps',
          seconds: 1,
          rate: 10,
          secondsLeft: 8.9,
          memory: 123_456_789,
        },
      },
      {
        progress: {
          phase: 'joint',
          done: 21,
          total: 100,
          unit: 'steps',
          seconds: 2,
          rate: 10,
          secondsLeft: 7.9,
          memory: 123_456_789,
        },
      },
      { info: { message: 'done' } },
      {
        progress: {
          phase: 'joint',
          done: 30,
          total: 100,
          unit: 'steps',
          seconds: 2.9,
          rate: 10,
          secondsLeft: 7,
          memory: 123_456_789,
        },
      },
    ]);
  });
});

it('quietly leaves the warnings', () => {
  const { reporter, take } = watched('lines');
  const quiet: CommandReporter = quietly(reporter);
  quiet.info('x');
  quiet.progress({ phase: 'joint', done: 1, total: 1, unit: 'steps' });
  quiet.warn('y');
  quiet.close();
  expect(take()).toBe('warning: y\n');
});
