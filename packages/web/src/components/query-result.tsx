import { type ReactNode, useRef, useState } from 'react';
import type { Query, SearchResponse } from '../engine.ts';
import { percent } from '../state/format.ts';
import { foundNothing, groupsOf } from '../state/relevance.ts';
import { AnswerColumn } from './answer-column.tsx';
import { Notice } from './notice.tsx';
import type { PickPicture } from './picture-action.tsx';
import { type DecodedAnswer, QueryPanel } from './query-panel.tsx';

/** A query, how `dsi` decoded one of its answers, and the answers of every system. */
export function QueryResult({
  query,
  response,
  patchesPerSide,
  pick,
  children,
}: {
  readonly query: Query;
  /** Null until the engine has answered. */
  readonly response: SearchResponse | null;
  readonly patchesPerSide: number | null;
  readonly pick: PickPicture;
  /** Beside the query. */
  readonly children: ReactNode;
}) {
  const [chosen, setChosen] = useState<{ readonly response: SearchResponse; readonly rank: number } | null>(null);
  const panel = useRef<HTMLElement>(null);
  // A choice holds for its own response only.
  const decoded = decodedAnswer(response, chosen?.response === response ? (chosen?.rank ?? 1) : 1);
  // Answers that nobody sees are not explained.
  const [unfolded, setUnfolded] = useState<SearchResponse | null>(null);
  const isFolded = response !== null && foundNothing(response) && unfolded !== response;
  return (
    <>
      <QueryPanel
        panel={panel}
        query={query}
        response={response}
        decoded={isFolded ? null : decoded}
        patchesPerSide={patchesPerSide}
      >
        {children}
      </QueryPanel>
      {response === null ? null : (
        <Found response={response} onToggle={(isOpen) => setUnfolded(isOpen ? response : null)}>
          {response.partial ? <Notice title="Some shards did not answer: answers may be missing." /> : null}
          <AnswerColumns
            results={response.results}
            pick={pick}
            explained={decoded?.answer.rank ?? null}
            onExplain={(rank) => {
              setChosen({ response, rank });
              panel.current?.scrollIntoView({ block: 'nearest' });
            }}
          />
        </Found>
      )}
    </>
  );
}

/** The answers; where nothing matches, a notice before them, and they are folded. */
function Found({
  response,
  onToggle,
  children,
}: {
  readonly response: SearchResponse;
  readonly onToggle: (isOpen: boolean) => void;
  readonly children: ReactNode;
}) {
  if (!foundNothing(response)) return children;
  const none = response.results.find((result) => result.none !== null)?.none ?? null;
  return (
    <div className="nothing-found">
      <Notice title="Nothing in this catalogue matches.">
        {none === null ? null : (
          <p className="note">The probability that nothing here is relevant to this picture is {percent(none)}.</p>
        )}
      </Notice>
      <details
        key={JSON.stringify(response.query)}
        className="behind"
        onToggle={({ currentTarget }) => onToggle(currentTarget.open)}
      >
        <summary>Show similar pictures anyway</summary>
        {children}
      </details>
    </div>
  );
}

function AnswerColumns({
  results,
  pick,
  explained,
  onExplain,
}: {
  readonly results: SearchResponse['results'];
  readonly pick: PickPicture;
  /** Rank of the answer of `dsi` whose tokens are shown. */
  readonly explained: number | null;
  readonly onExplain: (rank: number) => void;
}) {
  if (results.length === 0) return <Notice title="No system answered." />;
  // Groups end where they end: the columns share no rows.
  const isGrouped = results.some((one) => groupsOf(one) !== null);
  const rows = 1 + Math.max(1, ...results.map(({ answers }) => answers.length));
  return (
    <section aria-labelledby="answers-title">
      <h2 id="answers-title" className="hidden">
        Answers of each system
      </h2>
      <div className={`columns${isGrouped ? ' grouped' : ''}`}>
        {results.map((one) => (
          <AnswerColumn
            key={one.system}
            results={one}
            rows={rows}
            pick={pick}
            explained={one.system === 'dsi' ? explained : null}
            onExplain={onExplain}
          />
        ))}
      </div>
    </section>
  );
}

/** The answer of `dsi` at a rank; null where it has no tokens. */
function decodedAnswer(response: SearchResponse | null, rank: number): DecodedAnswer | null {
  const answers = response?.results.find(({ system }) => system === 'dsi')?.answers ?? [];
  const answer = answers.find((one) => one.rank === rank);
  return answer?.tokens === undefined || answer.tokens.length === 0 ? null : { answer, tokens: answer.tokens };
}
