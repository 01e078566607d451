import { describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../progress.ts';
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
function watched(style: ProgressStyle, columns = 80) {
  let time = 5_000_000;
  const { write, take } = collector();
  const output = { write, columns, isTTY: style === 'terminal' };
  const reporter = commandReporter(style, output, () => time);
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
  };
}

/** What a terminal shows: carriage returns and "clear to the end of the line" obeyed. */
function screen(text: string): string[] {
  return text.split('\n').map((line) => {
    let shown = '';
    for (const part of line.split('\r')) {
      const [drawn = '', ...rest] = part.split('\u001b[K');
      shown = rest.length > 0 ? drawn + rest.join('') : drawn + shown.slice(drawn.length);
    }
    return shown;
  });
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
    count(1, 100, 200, { figures: { loss: 1.23456, 'AP@10': 0.5 } });
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
    const reporter = commandReporter('lines', output, () => time);
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
      count(1, 60, 100, { figures: { loss: 1.5, accuracy: 0.25, 'AP@10': 0.125, 'Success@10': 0.5 } });
      expect(Math.max(...screen(take()).map((line) => line.length))).toBeLessThan(columns);
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
      { progress: { phase: 'ingest', done: 3, total: 3, unit: 'pictures', seconds: 0.02 } },
      { progress: { phase: 'joint', done: 11, total: 100, unit: 'steps', seconds: 1, rate: 10, secondsLeft: 8.9 } },
      { progress: { phase: 'joint', done: 21, total: 100, unit: 'steps', seconds: 2, rate: 10, secondsLeft: 7.9 } },
      { info: { message: 'done' } },
      { progress: { phase: 'joint', done: 30, total: 100, unit: 'steps', seconds: 2.9, rate: 10, secondsLeft: 7 } },
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
