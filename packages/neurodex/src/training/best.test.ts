import { describe, expect, it } from 'vitest';
import { BestKeeper, validationScore } from './early-stopping.ts';

const parameters = (value: number) => Float32Array.of(value, value);

describe('validationScore', () => {
  it('is the mean of the figures, the figure where there is one, and 0 where nothing was measured', () => {
    expect(validationScore({ 'IA@1': 0.25, 'AP@10': 0.75 })).toBe(0.5);
    expect(validationScore({ 'AP@10': 0.125 })).toBe(0.125);
    expect(validationScore({})).toBe(0);
  });
});

describe('BestKeeper', () => {
  it('keeps the state of the highest mean, and a copy of its parameters', () => {
    const keeper = new BestKeeper(0);
    expect(keeper.state).toBeUndefined();
    keeper.offer({ a: 0.5 }, 10, parameters(1));
    const vector = parameters(2);
    // (0.9 + 0.3) / 2 = 0.6
    keeper.offer({ a: 0.9, b: 0.3 }, 20, vector);
    vector.fill(0);
    keeper.offer({ a: 0.55 }, 30, parameters(3));
    const figures = { a: 0.9, b: 0.3 };
    expect(keeper.state).toEqual({ score: expect.closeTo(0.6, 12), step: 20, parameters: parameters(2), figures });
  });

  it('keeps the earlier of two that are as good', () => {
    const keeper = new BestKeeper(0);
    keeper.offer({ a: 0.5 }, 10, parameters(1));
    keeper.offer({ a: 0.5 }, 20, parameters(2));
    expect(keeper.state?.step).toBe(10);
    expect(keeper.waited).toBe(1);
  });

  it('stops after `patience` validations in a row that are no better; a better one starts the count again', () => {
    const keeper = new BestKeeper(2);
    const goesOn = [0.5, 0.4, 0.6, 0.6, 0.1].map((a, i) => keeper.offer({ a }, i, parameters(i)));
    expect(goesOn).toEqual([true, true, true, true, false]);
    expect([keeper.stopped, keeper.waited, keeper.state?.step]).toEqual([true, 2, 2]);
  });

  it('never stops with patience 0', () => {
    const keeper = new BestKeeper(0);
    for (const a of [0.5, 0.4, 0.3, 0.2]) expect(keeper.offer({ a }, 0, parameters(0))).toBe(true);
    expect([keeper.stopped, keeper.waited]).toEqual([false, 3]);
  });

  it('keeps the newest state where nothing can be measured', () => {
    const keeper = new BestKeeper(1);
    expect(keeper.offer({}, 10, parameters(1))).toBe(true);
    expect(keeper.offer({}, 20, parameters(2))).toBe(true);
    expect([keeper.state?.step, keeper.waited]).toEqual([20, 0]);
  });

  it('goes on from what an earlier process remembered', () => {
    const best = { score: 0.5, step: 10, parameters: parameters(1), figures: { a: 0.5 } };
    const keeper = new BestKeeper(2, { best, waited: 1 });
    expect([keeper.state, keeper.waited, keeper.stopped]).toEqual([best, 1, false]);
    expect(keeper.offer({ a: 0.5 }, 20, parameters(2))).toBe(false);
    expect(keeper.state).toBe(best);
  });
});
