import { describe, expect, it } from 'vitest';
import { Admission } from './admission.ts';

const limits = { queue: 3, bodyBytes: 1000, allBodyBytes: 2500, searchSeconds: 2 };

const refusal = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return undefined;
};

describe('Admission', () => {
  it('lets in as many searches as the queue has places, and more when they leave, once each', () => {
    const admission = new Admission(limits);
    const inside = [1, 2, 3].map(() => admission.enter());
    expect(admission.underWay).toBe(3);
    expect(refusal(() => admission.enter())).toBe('busy');
    expect(refusal(() => admission.check(10, 1000))).toBe('busy');
    inside[0]?.leave();
    inside[0]?.leave();
    expect(admission.underWay).toBe(2);
    expect(refusal(() => admission.check(10, 1000))).toBeUndefined();
    admission.enter();
    expect(refusal(() => admission.enter())).toBe('busy');
  });

  it('gives a search that is of several queries a place for each, or none', () => {
    const admission = new Admission(limits);
    const inside = admission.enter();
    inside.widen(1);
    inside.widen(0);
    expect(admission.underWay).toBe(2);
    expect(refusal(() => inside.widen(2))).toBe('busy');
    expect(admission.underWay).toBe(2);
    inside.widen(1);
    expect(refusal(() => admission.enter())).toBe('busy');
    inside.leave();
    inside.leave();
    expect(admission.underWay).toBe(0);
  });

  it('refuses a body that says that it is larger than its type may be, and takes one of just that size', () => {
    const admission = new Admission(limits);
    expect(refusal(() => admission.check(1001, 1000))).toBe('body-too-large');
    expect(refusal(() => admission.check(1000, 1000))).toBeUndefined();
    expect(refusal(() => admission.check(undefined, 1000))).toBeUndefined();
    expect([admission.underWay, admission.bodyBytes]).toEqual([0, 0]);
  });

  it('counts the bytes of all bodies that have arrived, until they are freed, once each', () => {
    const admission = new Admission(limits);
    const [one, two] = [admission.hold(), admission.hold()];
    one.add(1000);
    two.add(1000);
    two.add(500);
    expect(admission.bodyBytes).toBe(2500);
    expect(refusal(() => two.add(1))).toBe('busy');
    expect(refusal(() => admission.check(1, 1000))).toBe('busy');
    expect(refusal(() => admission.check(0, 1000))).toBeUndefined();
    one.free();
    one.free();
    expect(admission.bodyBytes).toBe(1500);
    expect(refusal(() => admission.check(1000, 1000))).toBeUndefined();
    expect(refusal(() => admission.check(1001, 2000))).toBe('busy');
    two.free();
    expect(admission.bodyBytes).toBe(0);
  });

  it('says until when a search is worth answering', () => {
    const before = performance.now();
    const { deadline, gone } = new Admission(limits).enter();
    expect(deadline).toBeGreaterThanOrEqual(before + 2000);
    expect(deadline).toBeLessThanOrEqual(performance.now() + 2000);
    expect(gone).toBe(false);
  });
});
