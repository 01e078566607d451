import { expect, test } from 'vitest';
import { numeric } from './numeric.ts';
import { SCHEMES, schemeOf } from './schemes.ts';

test('a configuration names its scheme, and how many tokens semantic identifiers have', () => {
  expect(schemeOf({ scheme: 'numeric', branching: 5 })).toBe(numeric);
  expect(schemeOf({ scheme: 'semantic', branching: 5 })).toMatchObject({ name: 'semantic', vocabulary: { size: 8 } });
  for (const [name, make] of Object.entries(SCHEMES)) expect(make({ scheme: 'numeric', branching: 4 }).name).toBe(name);
});
