import { describe, expect, it } from 'vitest';
import { findChromium, MISSING_CHROMIUM } from './chromium.ts';

describe('the browser of the tests', () => {
  it('is the one that is named', () => {
    expect(findChromium({ NEURODEX_CHROMIUM: process.execPath })).toBe(process.execPath);
  });

  it('may be missing, unless it is required', () => {
    const nowhere = { NEURODEX_CHROMIUM: '/nowhere/chromium' };
    expect(findChromium(nowhere)).toBeUndefined();
    expect(() => findChromium({ ...nowhere, NEURODEX_REQUIRE_BROWSER: '1' })).toThrow(MISSING_CHROMIUM);
  });
});
