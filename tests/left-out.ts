import { findChromium, MISSING_CHROMIUM } from '../packages/web/tests/chromium.ts';

/** `npm test` ends with what it did not test, and why. */
const leftOut = [
  'checks in other programs (npm run interop, needs Python)',
  'speed (npm run bench)',
  ...(findChromium() === undefined ? [`the pages in a browser: ${MISSING_CHROMIUM}`] : []),
];
console.log(`left out here: ${leftOut.join('; ')}`);
