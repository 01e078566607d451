import { type ReactNode, useRef, useState } from 'react';
import type { Query, SearchResponse } from '../engine.ts';
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
  return (
    <>
      <QueryPanel panel={panel} query={query} response={response} decoded={decoded} patchesPerSide={patchesPerSide}>
        {children}
      </QueryPanel>
      {response === null ? null : (
        <AnswerColumns
          results={response.results}
          pick={pick}
          explained={decoded?.answer.rank ?? null}
          onExplain={(rank) => {
            setChosen({ response, rank });
            panel.current?.scrollIntoView({ block: 'nearest' });
          }}
        />
      )}
    </>
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
  const rows = 1 + Math.max(1, ...results.map(({ answers }) => answers.length));
  return (
    <section aria-labelledby="answers-title">
      <h2 id="answers-title" className="hidden">
        Answers of each system
      </h2>
      <div className="columns">
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
