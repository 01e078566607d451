import { useContext, useEffect } from 'react';
import type { Query, SearchResponse, SystemAnswers } from '../engine.ts';
import { AnnounceContext } from './context.ts';
import { queryTitle, share, titleOf } from './format.ts';
import { foundNothing, groupsOf } from './relevance.ts';
import { relevantOf, SYSTEM_WORDS } from './systems.ts';

/** Tells screen readers, once for each response, the first answer of every system, or that nothing matches. */
export function useAnswerAnnouncement(query: Query | null, response: SearchResponse | null): void {
  const announce = useContext(AnnounceContext);
  useEffect(() => {
    if (query === null || response === null) return;
    if (foundNothing(response)) announce(`Nothing in this catalogue matches ${queryTitle(query)}.`);
    else announce(`Answers for ${queryTitle(query)}. ${response.results.map(firstAnswer).join('. ')}.`);
  }, [query, response, announce]);
}

/** `dsi: cat, probability 0.82, 7 of 10 relevant`; with estimates `… 0.82, 6 relevant, 4 similar, 7 of 10 share a label`. */
function firstAnswer(results: SystemAnswers): string {
  const { system, answers } = results;
  const [first] = answers;
  if (first === undefined) return `${system}: no answer`;
  const { score, shareOf } = SYSTEM_WORDS[system];
  const relevant = relevantOf(answers);
  const groups = groupsOf(results);
  const parts = [
    titleOf(first.picture),
    `${score} ${share(shareOf(first.score))}`,
    ...(groups === null ? [] : [`${groups.relevant.length} relevant`, `${groups.similar.length} similar`]),
    ...(relevant === null ? [] : [relevant]),
  ];
  return `${system}: ${parts.join(', ')}`;
}
