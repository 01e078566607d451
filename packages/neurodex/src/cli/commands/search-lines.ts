import { visibleName } from '@neurodex/core';
import type { SearchResult } from '../../jobs/search.ts';
import { textTable } from '../../report/table.ts';
import { printable } from '../../report/text.ts';
import { plural } from '../format.ts';

/**
 * What `search` prints.
 * @param drawn the pictures of each result as a terminal shows them; empty where it does not
 * @param matching pictures that the filter takes, where there is one
 */
export const describeAnswers = (
  results: readonly SearchResult[],
  drawn: readonly string[],
  matching: number | undefined,
): string =>
  [
    ...(matching === undefined ? [] : [`the filter takes ${plural(matching, 'picture')}`]),
    ...results.map((result, i) => describeResult(result, drawn[i] ?? '', matching)),
  ].join('\n\n');

function describeResult(
  { query, none, nothingFound, answers }: SearchResult,
  drawn: string,
  matching: number | undefined,
): string {
  const lines = [printable(query)];
  if (nothingFound) lines.push(`nothing in the catalogue matches, most likely (${percent(none)})`);
  else if (matching === 0) lines.push('no picture to rank');
  else if (answers.length === 0) lines.push('no answer is as relevant as that');
  if (nothingFound && answers.length === 0) lines.push('--all shows what is nearest');
  if (answers.length > 0) lines.push(`${drawn}${tableOf(answers)}`);
  return lines.join('\n');
}

const percent = (share: number | null): string => (share === null ? '—' : `${Math.round(100 * share)} %`);

function tableOf(answers: SearchResult['answers']): string {
  const isJudged = answers.some(({ relevance }) => relevance !== null);
  const rows = answers.map(({ rank, picture, label, score, relevance, identifier }) => [
    String(rank),
    score.toFixed(3),
    ...(isJudged ? [percent(relevance)] : []),
    label === null ? '—' : visibleName(label),
    identifier,
    picture,
  ]);
  const columns = [
    { heading: 'rank', align: 'right' },
    { heading: 'score', align: 'right' },
    ...(isJudged ? [{ heading: 'relevant', align: 'right' } as const] : []),
    { heading: 'class' },
    { heading: 'identifier' },
    { heading: 'picture' },
  ] as const;
  return textTable(columns, rows);
}
