import type { ReactNode, RefObject } from 'react';
import type { Answer, IdentifierToken, Query, SearchResponse } from '../engine.ts';
import { queryTitle } from '../state/format.ts';
import { useTokenReveal } from '../state/token-reveal.ts';
import { Decoding } from './decoding.tsx';
import { QueryPreview } from './query-preview.tsx';

/** An answer of `dsi` with its tokens, of which there is one or more. */
export interface DecodedAnswer {
  readonly answer: Answer;
  readonly tokens: readonly IdentifierToken[];
}

/** The query with the attention of the selected token over it, and how `dsi` decoded one answer. */
export function QueryPanel({
  panel,
  query,
  response,
  decoded,
  patchesPerSide,
  children,
}: {
  readonly panel: RefObject<HTMLElement | null>;
  readonly query: Query;
  readonly response: SearchResponse | null;
  readonly decoded: DecodedAnswer | null;
  readonly patchesPerSide: number | null;
  /** Below the words. */
  readonly children: ReactNode;
}) {
  const { picture } = query;
  const reveal = useTokenReveal(decoded?.tokens ?? NO_TOKENS);
  const visible = reveal.shown > reveal.selected ? decoded?.tokens[reveal.selected] : undefined;
  return (
    <section className={`query-panel${picture === null ? ' words' : ''}`} aria-labelledby="query-title" ref={panel}>
      {picture === null ? null : (
        <div>
          <QueryPreview picture={picture} attention={visible?.attention ?? null} patchesPerSide={patchesPerSide} />
        </div>
      )}
      <div>
        <h2 id="query-title">{queryTitle(query)}</h2>
        <p className="note">
          {originOf(query)}
          {response !== null && isUnjudged(response)
            ? `; ${picture === null ? 'their' : 'its'} relevant pictures are unknown`
            : null}
        </p>
        {decoded === null ? null : <Decoding {...decoded} reveal={reveal} patchesPerSide={patchesPerSide} />}
        {children}
      </div>
    </section>
  );
}

const NO_TOKENS: readonly IdentifierToken[] = [];

function originOf({ picture }: Query): string {
  if (picture === null) return 'your words';
  if (picture.kind === 'file') return 'your picture, which the address of this page names but does not hold';
  const { role, name } = picture.picture;
  return `${role === 'catalogue' ? 'in the catalogue' : `a ${role} query`}, ${name}`;
}

/** Whether the relevance of an answer is unknown. */
const isUnjudged = ({ results }: SearchResponse): boolean =>
  results.some(({ answers }) => answers.some(({ relevant }) => relevant === null));
