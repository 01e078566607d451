import { type ReactNode, useContext, useEffect, useRef, useState } from 'react';
import { AnswerColumn, rightOf, SYSTEM_WORDS } from '../components/answers.tsx';
import { Empty, Failure, Loading, sentence } from '../components/notice.tsx';
import { OpenPicture } from '../components/open-picture.tsx';
import type { PickPicture } from '../components/picture-action.tsx';
import { PictureGrid } from '../components/picture-grid.tsx';
import { lookedMost, QueryPreview } from '../components/query-preview.tsx';
import { Tokens, useWriting } from '../components/tokens.tsx';
import type { Answer, EngineDescription, IdentifierToken, Query, SearchEngine, SearchResponse } from '../engine.ts';
import { AnnounceContext } from '../state/context.ts';
import { counted, share, titleOf } from '../state/format.ts';
import { useResource } from '../state/resource.ts';
import { CHOICES_OF_K } from '../state/route.ts';
import { reducedMotion } from '../state/theme.ts';

export interface SearchViewProps {
  readonly engine: SearchEngine;
  readonly description: EngineDescription;
  readonly query: Query | null;
  readonly k: number;
  readonly onFile: (file: File) => void;
  readonly onK: (k: number) => void;
  readonly pick: PickPicture;
}

/** Show it a picture, and see what each system answers. Knows nothing of where searches run. */
export function SearchView({ engine, description, query, k, onFile, onK, pick }: SearchViewProps) {
  const [refused, setRefused] = useState<string | null>(null);
  const found = useResource(query === null ? null : `${keyOf(query)} ${k}`, (signal) => {
    if (query === null) throw new TypeError('there is no query');
    return engine.search(query, k, signal);
  });
  useAnnouncement(query, found.state === 'ready' ? found.value : null);
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(query);
  useEffect(() => {
    if (before.current === query) return;
    before.current = query;
    // What was refused is forgotten with the next query, and reading begins at its answers.
    setRefused(null);
    heading.current?.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }, [query]);
  const open = <OpenPicture compact={query !== null} onFile={onFile} onRefused={setRefused} />;
  const complaint =
    refused === null ? null : (
      <p className="notice failure" role="alert">
        <strong>{sentence(refused)}</strong>
      </p>
    );
  if (query === null) {
    return (
      <Welcome description={description} pick={pick}>
        {open}
        {complaint}
      </Welcome>
    );
  }
  const response = found.state === 'ready' ? found.value : null;
  return (
    <>
      <h1 className="hidden" ref={heading} tabIndex={-1}>
        Answers
      </h1>
      {complaint}
      <Asked
        query={query}
        response={response}
        patchesPerSide={description.patchesPerSide}
        side={
          <div className="asked-controls">
            {open}
            <label className="field">
              Answers of each
              <select value={k} onChange={({ currentTarget }) => onK(Number(currentTarget.value))}>
                {[...new Set([...CHOICES_OF_K, k])]
                  .sort((a, b) => a - b)
                  .map((choice) => (
                    <option key={choice}>{choice}</option>
                  ))}
              </select>
            </label>
          </div>
        }
        pick={pick}
      />
      {found.state === 'loading' ? <Loading what="Searching" /> : null}
      {found.state === 'failed' ? <Failure error={found.error} retry={found.retry} /> : null}
    </>
  );
}

function Welcome({
  description: { systems, catalogue, samples, runs },
  pick,
  children,
}: {
  readonly description: EngineDescription;
  readonly pick: PickPicture;
  readonly children: ReactNode;
}) {
  return (
    <>
      <section className="welcome" aria-labelledby="welcome-title">
        <h1 id="welcome-title">Show it a picture</h1>
        <p className="lead">
          {systems.includes('dsi')
            ? `A neural network has learned ${counted(catalogue, 'picture')} by heart. Shown another, it writes down, token by token, the identifiers of those that match.`
            : `${counted(catalogue, 'picture')} are compared with yours.`}{' '}
          Searches run {runs}.
        </p>
        {children}
      </section>
      {samples.length === 0 ? null : (
        <section aria-labelledby="samples-title">
          <h2 id="samples-title">Or try one of these</h2>
          <PictureGrid pictures={samples} pick={pick} />
        </section>
      )}
    </>
  );
}

/** The query, how the DSI wrote one of its answers, and everybody's answers. */
function Asked({
  query,
  response,
  patchesPerSide,
  side,
  pick,
}: {
  readonly query: Query;
  readonly response: SearchResponse | null;
  readonly patchesPerSide: number | null;
  readonly side: ReactNode;
  readonly pick: PickPicture;
}) {
  const [chosen, setChosen] = useState<{ readonly response: SearchResponse; readonly rank: number } | null>(null);
  const top = useRef<HTMLElement>(null);
  const explained = explainedOf(response, chosen?.response === response ? (chosen?.rank ?? 1) : 1);
  const writing = useWriting(explained?.tokens ?? NO_TOKENS);
  const looked = explained?.tokens[writing.active];
  const visible = writing.shown > writing.active ? looked : undefined;
  const labels = response?.query.labels ?? (query.kind === 'picture' ? query.picture.labels : null);
  return (
    <>
      <section className="asked" aria-labelledby="query-title" ref={top}>
        <div>
          <QueryPreview query={query} attention={visible?.attention ?? null} patchesPerSide={patchesPerSide} />
        </div>
        <div className="asked-words">
          <h2 id="query-title">{query.kind === 'file' ? query.file.name : titleOf(query.picture)}</h2>
          <p className="note">
            {query.kind === 'file'
              ? 'your picture'
              : `${query.picture.role === 'catalogue' ? 'in the catalogue' : `a ${query.picture.role} query`}, ${query.picture.name}`}
            {labels === null || labels.length === 0 ? '; what is right is not known' : null}
          </p>
          {explained === null ? null : (
            <div className="written">
              <p>
                How the <strong>dsi</strong> wrote{' '}
                <span className="identifier">{explained.answer.picture.identifier}</span>, its answer{' '}
                {explained.answer.rank}, {titleOf(explained.answer.picture)}:
              </p>
              <Tokens tokens={explained.tokens} writing={writing} />
              <p className="note">
                {explained.tokens.map(({ probability }) => share(probability)).join(' × ')} ={' '}
                {share(Math.exp(explained.answer.score))}, the probability of the identifier.
                {looked === undefined || patchesPerSide === null
                  ? null
                  : ` Token ${writing.active + 1} looked ${lookedMost(looked.attention, patchesPerSide)}.`}
              </p>
              {reducedMotion() ? null : (
                <button type="button" className="button quiet" onClick={writing.again}>
                  Write it again
                </button>
              )}
            </div>
          )}
          {side}
        </div>
      </section>
      {response === null ? null : response.results.length === 0 ? (
        <Empty title="No system answered." />
      ) : (
        <section aria-labelledby="answers-title">
          <h2 id="answers-title" className="hidden">
            Answers of each system
          </h2>
          <div className="columns">
            {response.results.map((results) => (
              <AnswerColumn
                key={results.system}
                results={results}
                rows={1 + Math.max(1, ...response.results.map(({ answers }) => answers.length))}
                pick={pick}
                explained={results.system === 'dsi' ? (explained?.answer.rank ?? null) : null}
                onExplain={(rank) => {
                  setChosen({ response, rank });
                  top.current?.scrollIntoView({ block: 'nearest' });
                }}
              />
            ))}
          </div>
        </section>
      )}
    </>
  );
}

const NO_TOKENS: readonly IdentifierToken[] = [];

/** The answer whose tokens are shown, where there are some. */
function explainedOf(
  response: SearchResponse | null,
  rank: number,
): { readonly answer: Answer; readonly tokens: readonly IdentifierToken[] } | null {
  const answers = response?.results.find(({ system }) => system === 'dsi')?.answers ?? [];
  const answer = answers.find((one) => one.rank === rank);
  return answer?.tokens === undefined || answer.tokens.length === 0 ? null : { answer, tokens: answer.tokens };
}

/** Names a query for `useResource`: files by a number each, because two may have one name. */
const numbers = new WeakMap<File, number>();
let files = 0;
function keyOf(query: Query): string {
  if (query.kind === 'picture') return query.picture.id;
  const known = numbers.get(query.file) ?? ++files;
  numbers.set(query.file, known);
  return `file ${known}`;
}

/** Tells screen readers, once, what was found. */
function useAnnouncement(query: Query | null, response: SearchResponse | null): void {
  const announce = useContext(AnnounceContext);
  useEffect(() => {
    if (query === null || response === null) return;
    const said = response.results.map(({ system, answers }) => {
      const [best] = answers;
      if (best === undefined) return `${system}: no answer`;
      const right = rightOf(answers);
      const { score, shareOf } = SYSTEM_WORDS[system];
      return `${system}: ${titleOf(best.picture)}, ${score} ${share(shareOf(best.score))}${right === null ? '' : `, ${right}`}`;
    });
    announce(`Answers for ${query.kind === 'file' ? query.file.name : titleOf(query.picture)}. ${said.join('. ')}.`);
  }, [query, response, announce]);
}
