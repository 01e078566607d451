import type { CalibratedAnswers } from '../jobs/change-index.ts';
import { plural } from './format.ts';

type Calibrated = Pick<CalibratedAnswers, 'systems' | 'none'>;

/** What is to be said of a calibration, for people. */
export const calibrationLines = ({ systems, none }: Calibrated): string[] => [
  `relevance  ${picturesLine(systems)}`,
  `of words   ${wordsLine(systems)}`,
  none === null
    ? 'nothing    is found: cannot be told, which takes three classes or more'
    : `nothing    is found: told from the rest with an AUROC of ${none.auroc.toFixed(3)} on classes that were withheld`,
];

function picturesLine(all: Calibrated['systems']): string {
  const { names, queries } = of(all, 'picture');
  return queries === 0
    ? 'of answers to pictures: not known, which takes ten validation queries'
    : `of ${names}, fitted to ${plural(queries, 'validation query', 'validation queries')}`;
}

function wordsLine(all: Calibrated['systems']): string {
  const { names, queries } = of(all, 'text');
  return queries === 0
    ? 'not known, which takes ten captions that nothing has learned from'
    : `of ${names}, fitted to ${plural(queries, 'caption')}`;
}

function of(all: Calibrated['systems'], kind: Calibrated['systems'][number]['kind']) {
  const systems = all.filter((each) => each.kind === kind);
  const queries = Math.max(0, ...systems.map((each) => each.queries));
  return { names: systems.map(({ system }) => system).join(', '), queries };
}
