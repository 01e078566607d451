import { workerData } from 'piscina';
import type { CandidateFinder } from '../pictures/candidates.ts';
import { finderOf, type LookedUp, type LookUpData, lookUpPart } from '../pictures/look-ahead.ts';

const data = workerData as LookUpData;
let finder: CandidateFinder | undefined;

/** `lookUpPart` on a thread of its own. */
export default ([from, to]: readonly [from: number, to: number]): LookedUp[] => {
  finder ??= finderOf(data);
  return lookUpPart(finder, data, from, to);
};
