import { expect, test } from 'vitest';
import { BAD } from './attack/attack.ts';
import { attackIndexes } from './attack-index.ts';

test('no damaged file of an index changes an answer in silence, and none ends a process', async () => {
  const { attacked, files } = await attackIndexes({ each: 4, attacks: 60, processes: 1, seed: 7, log: () => {} });
  expect(attacked).toHaveLength(60);
  expect(files).toBeGreaterThan(12);
  expect(attacked.filter(({ verdict }) => BAD.includes(verdict))).toEqual([]);
  // Both kinds of attacker were there, and neither was simply let in.
  for (const resealed of [false, true])
    expect(attacked.some((each) => each.resealed === resealed && each.verdict === 'refused')).toBe(true);
}, 180_000);
