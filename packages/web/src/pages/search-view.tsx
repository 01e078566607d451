import { useRef, useState } from 'react';
import { Alert, Failure, Loading } from '../components/notice.tsx';
import type { PickPicture } from '../components/picture-action.tsx';
import { PicturePicker } from '../components/picture-picker.tsx';
import { QueryResult } from '../components/query-result.tsx';
import { Welcome } from '../components/welcome.tsx';
import type { EngineDescription, Query, SearchEngine } from '../engine.ts';
import { useAnswerAnnouncement } from '../state/announcement.ts';
import { CHOICES_OF_K } from '../state/route.ts';
import { useSearch } from '../state/search.ts';
import { useChange } from '../state/use-change.ts';

export interface SearchViewProps {
  readonly engine: SearchEngine;
  readonly description: EngineDescription;
  readonly query: Query | null;
  /** Answers per system. */
  readonly k: number;
  readonly onFile: (file: File) => void;
  readonly onK: (k: number) => void;
  readonly pick: PickPicture;
}

/** The search page: takes a picture and shows the answers of every system. It works with any engine. */
export function SearchView({ engine, description, query, k, onFile, onK, pick }: SearchViewProps) {
  const [refusal, setRefusal] = useState<string | null>(null);
  const search = useSearch(engine, query, k);
  const response = search.state === 'ready' ? search.value : null;
  const heading = useRef<HTMLHeadingElement>(null);
  useAnswerAnnouncement(query, response);
  useChange(query, () => {
    setRefusal(null);
    // Keyboards and screen readers start at the new answers.
    heading.current?.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  });
  const picker = <PicturePicker compact={query !== null} onFile={onFile} onRefused={setRefusal} />;
  const alert = refusal === null ? null : <Alert text={refusal} />;
  if (query === null) {
    return (
      <Welcome description={description} pick={pick}>
        {picker}
        {alert}
      </Welcome>
    );
  }
  return (
    <>
      <h1 className="hidden" ref={heading} tabIndex={-1}>
        Answers
      </h1>
      {alert}
      <QueryResult query={query} response={response} patchesPerSide={description.patchesPerSide} pick={pick}>
        <div className="query-controls">
          {picker}
          <AnswerCountChooser k={k} onK={onK} />
        </div>
      </QueryResult>
      {search.state === 'loading' ? <Loading activity="Searching" /> : null}
      {search.state === 'failed' ? <Failure error={search.error} retry={search.retry} /> : null}
    </>
  );
}

function AnswerCountChooser({ k, onK }: { readonly k: number; readonly onK: (k: number) => void }) {
  const choices = [...new Set([...CHOICES_OF_K, k])].sort((a, b) => a - b);
  return (
    <label className="field">
      Answers per system
      <select value={k} onChange={({ currentTarget }) => onK(Number(currentTarget.value))}>
        {choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    </label>
  );
}
