import { shellQuote } from '@neurodex/core';
import type { RelevanceMeasures } from '../../evaluation/calibration/relevance-measures.ts';
import { TEXT_RELEVANCE_NAMES, type TextComparisons } from '../../evaluation/text-relevance.ts';
import { relevanceTable } from '../../report/relevance-table.ts';
import { plural } from '../format.ts';

interface Described {
  /** null where the index is not calibrated */
  readonly relevance?: Readonly<Record<string, RelevanceMeasures>> | null | undefined;
  readonly text?: TextComparisons | undefined;
}

/** What `evaluate` prints of probabilities, below all else. @param index as the command names it */
export function describeRelevance({ relevance, text = {} }: Described, index: string): string[] {
  const pictures =
    relevance === null
      ? [
          '',
          `probabilities of relevance: the index is not calibrated; \`neurodex calibrate ${shellQuote(index)}\` fits them to its validation queries`,
        ]
      : relevance === undefined
        ? []
        : sectionOf(relevance, 'query', 'queries');
  const captions = TEXT_RELEVANCE_NAMES.flatMap((name) =>
    sectionOf(text[name]?.relevance ?? {}, `${name} caption`, `${name} captions`),
  );
  return [...pictures, ...captions];
}

function sectionOf(systems: Readonly<Record<string, RelevanceMeasures>>, one: string, many: string): string[] {
  const [first] = Object.values(systems);
  if (first === undefined) return [];
  const { queries, answers, unknown, setF1 } = first;
  const chosen = setF1.queries < queries ? ` (${setF1.queries} of them)` : '';
  return [
    '',
    `probabilities of relevance: ${plural(answers, 'first answer')} to ${plural(queries, one, many)}`,
    '',
    relevanceTable(systems),
    '',
    '80, 90, 95 %: share of the sets with this confidence that hold a relevant picture, and their mean size',
    ...(unknown === null
      ? []
      : [
          `AUROC: ${plural(unknown.known, 'known query', 'known queries')} against ${plural(unknown.queries, 'unknown one')}, with its 95 % interval (DeLong)`,
        ]),
    'set-F1: of all answers that are likelier relevant than not; one threshold: of the best single threshold of scores,',
    `chosen on these queries${chosen}`,
  ];
}
