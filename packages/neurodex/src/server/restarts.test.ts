import { describe, expect, it } from 'vitest';
import { Restarts } from './restarts.ts';

const policy = { pauses: [10, 20, 40], early: 1000 };

describe('starting again', () => {
  it('waits longer and longer, then gives up', () => {
    const restarts = new Restarts(policy);
    expect([0, 999, undefined, 0, 0].map((lived) => restarts.ended(lived))).toEqual([10, 20, 40, undefined, undefined]);
    expect(restarts.longest).toBe(40);
  });

  it('begins anew with what lived long, or worked', () => {
    const restarts = new Restarts(policy);
    expect([0, 0, 1000, 0].map((lived) => restarts.ended(lived))).toEqual([10, 20, 10, 20]);
    restarts.worked();
    expect(restarts.ended(undefined)).toBe(10);
  });
});
