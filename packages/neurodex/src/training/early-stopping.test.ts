import { describe, expect, it } from 'vitest';
import { EarlyStopping, validationScore } from './early-stopping.ts';

const parameters = (value: number) => Float32Array.of(value, value);

describe('validationScore', () => {
  it('is the mean of the metrics, the metric where there is one, and 0 where nothing was measured', () => {
    expect(validationScore({ 'IA@1': 0.25, 'AP@10': 0.75 })).toBe(0.5);
    expect(validationScore({ 'AP@10': 0.125 })).toBe(0.125);
    expect(validationScore({})).toBe(0);
  });
});

describe('EarlyStopping', () => {
  it('keeps the state of the highest mean, and a copy of its parameters', () => {
    const stopping = new EarlyStopping(0);
    expect(stopping.state).toBeUndefined();
    stopping.update({ a: 0.5 }, 10, parameters(1));
    const vector = parameters(2);
    // (0.9 + 0.3) / 2 = 0.6
    stopping.update({ a: 0.9, b: 0.3 }, 20, vector);
    vector.fill(0);
    stopping.update({ a: 0.55 }, 30, parameters(3));
    const metrics = { a: 0.9, b: 0.3 };
    expect(stopping.state).toEqual({ score: expect.closeTo(0.6, 12), step: 20, parameters: parameters(2), metrics });
  });

  it('keeps the earlier of two that are as good', () => {
    const stopping = new EarlyStopping(0);
    stopping.update({ a: 0.5 }, 10, parameters(1));
    stopping.update({ a: 0.5 }, 20, parameters(2));
    expect(stopping.state?.step).toBe(10);
    expect(stopping.waited).toBe(1);
  });

  it('stops after `patience` validations in a row that are no better; a better one starts the count again', () => {
    const stopping = new EarlyStopping(2);
    const goesOn = [0.5, 0.4, 0.6, 0.6, 0.1].map((a, i) => stopping.update({ a }, i, parameters(i)));
    expect(goesOn).toEqual([true, true, true, true, false]);
    expect([stopping.stopped, stopping.waited, stopping.state?.step]).toEqual([true, 2, 2]);
  });

  it('never stops with patience 0', () => {
    const stopping = new EarlyStopping(0);
    for (const a of [0.5, 0.4, 0.3, 0.2]) expect(stopping.update({ a }, 0, parameters(0))).toBe(true);
    expect([stopping.stopped, stopping.waited]).toEqual([false, 3]);
  });

  it('keeps the newest state where nothing can be measured', () => {
    const stopping = new EarlyStopping(1);
    expect(stopping.update({}, 10, parameters(1))).toBe(true);
    expect(stopping.update({}, 20, parameters(2))).toBe(true);
    expect([stopping.state?.step, stopping.waited]).toEqual([20, 0]);
  });

  it('goes on from what an earlier process remembered', () => {
    const best = { score: 0.5, step: 10, parameters: parameters(1), metrics: { a: 0.5 } };
    const stopping = new EarlyStopping(2, { best, waited: 1 });
    expect([stopping.state, stopping.waited, stopping.stopped]).toEqual([best, 1, false]);
    expect(stopping.update({ a: 0.5 }, 20, parameters(2))).toBe(false);
    expect(stopping.state).toBe(best);
  });
});
