import { useMemo, useRef, useState } from 'react';
import { Alert, Failure, LoadingProgress } from '../components/notice.tsx';
import type { PickPicture } from '../components/picture-action.tsx';
import { PicturePicker } from '../components/picture-picker.tsx';
import { QueryResult } from '../components/query-result.tsx';
import { ScopeChooser } from '../components/scope-chooser.tsx';
import { SearchBox } from '../components/search-box.tsx';
import { Samples, Welcome } from '../components/welcome.tsx';
import type { EngineDescription, Progress, ReferencePicture, SearchEngine, SearchScope } from '../engine.ts';
import { useAnswerAnnouncement } from '../state/announcement.ts';
import { queryOf, useSearch } from '../state/search.ts';
import { systemsFor } from '../state/systems.ts';
import { useChange } from '../state/use-change.ts';

export interface SearchViewProps {
  readonly engine: SearchEngine;
  readonly description: EngineDescription;
  readonly picture: ReferencePicture | null;
  /** As they were typed; empty where there are none. */
  readonly words: string;
  /** Why the address asks for what cannot be searched with, in words. */
  readonly refusal?: string | null;
  readonly scope: SearchScope;
  readonly onQuery: (picture: ReferencePicture | null, words: string) => void;
  readonly onScope: (scope: SearchScope) => void;
  readonly pick: PickPicture;
}

/** The search page: takes words or a picture and shows the answers of every system that takes them. It works with any engine. */
export function SearchView(props: SearchViewProps) {
  const { engine, description, picture, words, scope, onQuery, onScope, pick } = props;
  const query = useMemo(() => queryOf(picture, words), [picture, words]);
  const [refused, setRefused] = useState<string | null>(null);
  const [progress, setProgress] = useState<Progress | null>(null);
  const search = useSearch(engine, query, scope, setProgress);
  const response = search.state === 'ready' ? search.value : null;
  const heading = useRef<HTMLHeadingElement>(null);
  useAnswerAnnouncement(query, response);
  useChange(query, () => {
    setRefused(null);
    setProgress(null);
    // Keyboards and screen readers start at the new answers.
    heading.current?.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  });
  useChange(response, () => setProgress(null));
  const taker = { onFile: (file: File) => onQuery({ kind: 'file', file }, ''), onRefused: setRefused };
  const { textSystems } = description;
  const takesWords = textSystems.length > 0;
  const refusal = refused ?? props.refusal ?? null;
  return (
    <>
      {query === null ? (
        <Welcome description={description} />
      ) : (
        <h1 className="hidden" ref={heading} tabIndex={-1}>
          Answers
        </h1>
      )}
      {takesWords ? <SearchBox {...{ picture, words, textSystems, onQuery, onRefused: setRefused }} /> : null}
      {takesWords || query !== null ? null : <PicturePicker {...taker} />}
      {refusal === null ? null : <Alert text={refusal} />}
      {query === null ? (
        <Samples description={description} pick={pick} />
      ) : (
        <QueryResult query={query} response={response} patchesPerSide={description.patchesPerSide} pick={pick}>
          <div className="query-controls">
            {takesWords ? null : <PicturePicker compact {...taker} />}
            <ScopeChooser scope={scope} systems={systemsFor(query, description)} onScope={onScope} />
          </div>
        </QueryResult>
      )}
      {query !== null && search.state === 'loading' ? (
        <LoadingProgress progress={progress} activity="Searching" />
      ) : null}
      {query !== null && search.state === 'failed' ? <Failure error={search.error} retry={search.retry} /> : null}
    </>
  );
}
