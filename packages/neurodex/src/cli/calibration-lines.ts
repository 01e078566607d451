import type { CalibratedAnswers } from '../jobs/change-index.ts';
import { plural } from './format.ts';

/** What is to be said of a calibration, for people. */
export function calibrationLines({ systems, none }: Pick<CalibratedAnswers, 'systems' | 'none'>): string[] {
  const queries = Math.max(0, ...systems.map((each) => each.queries));
  const names = systems.map(({ system, kind }) => (kind === 'picture' ? system : `${system} (${kind})`));
  return [
    `relevance  of ${names.join(', ')}, fitted to ${plural(queries, 'validation query', 'validation queries')}`,
    none === null
      ? 'nothing    is found: cannot be told, which takes three classes or more'
      : `nothing    is found: told from the rest with an AUROC of ${none.auroc.toFixed(3)} on classes that were withheld`,
  ];
}
