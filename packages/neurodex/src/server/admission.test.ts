import { describe, expect, it } from 'vitest';
import { Admission } from './admission.ts';
import { BODIES_AT_ONCE, type Limits } from './limits.ts';

const limits = { queue: 3, bodyBytes: 1000, searchSeconds: 2 } as Limits;

const refusal = (admission: Admission, contentLength?: number): unknown => {
  try {
    admission.admit(contentLength);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return undefined;
};

describe('Admission', () => {
  it('lets in as many searches as the queue has places, and more when they leave, once each', () => {
    const admission = new Admission(limits);
    const inside = [10, 10, 10].map((bytes) => admission.admit(bytes));
    expect(admission.underWay).toBe(3);
    expect(refusal(admission, 10)).toBe('busy');
    inside[0]?.leave();
    inside[0]?.leave();
    expect(admission.underWay).toBe(2);
    admission.admit(10);
    expect(refusal(admission, 10)).toBe('busy');
  });

  it('refuses a body larger than the limit, takes one of just the limit, and counts it', () => {
    const admission = new Admission(limits);
    expect(refusal(admission, 1001)).toBe('body-too-large');
    expect(admission.underWay).toBe(0);
    expect(refusal(admission, 1000)).toBeUndefined();
  });

  it('holds no more bytes than some bodies of the limit; a request that does not say counts as one', () => {
    const admission = new Admission({ ...limits, queue: 1000 });
    const inside = Array.from({ length: BODIES_AT_ONCE }, () => admission.admit(undefined));
    expect(refusal(admission, 1)).toBe('busy');
    expect(refusal(admission, 0)).toBeUndefined();
    inside[0]?.leave();
    expect(refusal(admission, 600)).toBeUndefined();
    expect(refusal(admission, 401)).toBe('busy');
    expect(refusal(admission, 400)).toBeUndefined();
  });

  it('says until when a search is worth answering', () => {
    const before = performance.now();
    const { deadline, gone } = new Admission(limits).admit(10);
    expect(deadline).toBeGreaterThanOrEqual(before + 2000);
    expect(deadline).toBeLessThanOrEqual(performance.now() + 2000);
    expect(gone).toBe(false);
  });
});
