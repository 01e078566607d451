import { useContext, useEffect } from 'react';
import type { Query, SearchResponse, SystemAnswers } from '../engine.ts';
import { AnnounceContext } from './context.ts';
import { queryTitle, share, titleOf } from './format.ts';
import { relevantOf, SYSTEM_WORDS } from './systems.ts';

/** Tells screen readers, once for each response, the first answer of every system. */
export function useAnswerAnnouncement(query: Query | null, response: SearchResponse | null): void {
  const announce = useContext(AnnounceContext);
  useEffect(() => {
    if (query === null || response === null) return;
    announce(`Answers for ${queryTitle(query)}. ${response.results.map(firstAnswer).join('. ')}.`);
  }, [query, response, announce]);
}

/** `dsi: cat, probability 0.82, 7 of 10 relevant` */
function firstAnswer({ system, answers }: SystemAnswers): string {
  const [first] = answers;
  if (first === undefined) return `${system}: no answer`;
  const { score, shareOf } = SYSTEM_WORDS[system];
  const relevant = relevantOf(answers);
  const parts = [
    titleOf(first.picture),
    `${score} ${share(shareOf(first.score))}`,
    ...(relevant === null ? [] : [relevant]),
  ];
  return `${system}: ${parts.join(', ')}`;
}
