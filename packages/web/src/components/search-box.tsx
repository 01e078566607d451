import { type FormEvent, useRef, useState } from 'react';
import type { ReferencePicture, SystemName } from '../engine.ts';
import { takesTogether } from '../state/systems.ts';
import { FOCUS_WORDS, useWindowEvent } from '../state/window-event.ts';
import { parseWords, refusalOf } from '../state/words.ts';
import { PictureChip } from './picture-chip.tsx';
import { usePictureSource } from './picture-picker.tsx';

interface SearchBoxProps {
  readonly picture: ReferencePicture | null;
  /** As they were typed. */
  readonly words: string;
  /** What answers words, one system or more. */
  readonly textSystems: readonly SystemName[];
  readonly onQuery: (picture: ReferencePicture | null, words: string) => void;
  /** Called with the reason when the visitor brought or typed what is no query. */
  readonly onRefused: (reason: string) => void;
}

/** Takes words, a picture, or both. */
export function SearchBox({ picture, words, textSystems, onQuery, onRefused }: SearchBoxProps) {
  const input = useRef<HTMLInputElement>(null);
  const [draft, setDraft] = useDraft(picture, words);
  const together = takesTogether(textSystems);
  const source = usePictureSource({
    onFile: (file) => onQuery({ kind: 'file', file }, together ? draft.trim() : ''),
    onRefused,
  });
  useWindowEvent(FOCUS_WORDS, () => {
    input.current?.focus();
    input.current?.select();
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const refusal = picture === null ? refusalOf(parseWords(draft)) : null;
    if (refusal === null) onQuery(picture, draft.trim());
    else onRefused(refusal);
  };
  return (
    <search>
      <form className={`search-box${source.dragged ? ' dragged' : ''}`} onSubmit={submit}>
        <div className="search-field">
          {picture === null ? null : (
            <PictureChip
              picture={picture}
              onRemove={() => {
                input.current?.focus();
                onQuery(null, draft.trim());
              }}
            />
          )}
          <input
            ref={input}
            type="search"
            value={draft}
            onChange={({ currentTarget: { value } }) => setDraft(value)}
            aria-label={picture === null ? 'Words to search with' : 'Words beside the picture'}
            aria-describedby="search-hint"
            placeholder={placeholderOf(picture, together)}
            autoComplete="off"
            enterKeyHint="search"
          />
        </div>
        <button type="button" className="button" onClick={source.openDialog}>
          {picture === null ? 'Choose a picture' : 'Another picture'}
        </button>
        <button type="submit" className="button primary">
          Search
        </button>
        <p className="note" id="search-hint">
          {source.dragged ? 'Drop it anywhere on this page.' : HINTS[together ? 'together' : 'apart']}
        </p>
        {source.input}
      </form>
    </search>
  );
}

const HINTS = {
  together: 'Drop or paste a picture anywhere on this page. A minus sign takes words away: beach -people.',
  apart: 'Or drop or paste a picture anywhere on this page. This index takes words or a picture, not both together.',
} as const;

function placeholderOf(picture: ReferencePicture | null, together: boolean): string {
  if (picture !== null) return together ? 'Add words, or take some away: red -people' : '';
  return together ? 'Describe a picture' : 'Words of a label or caption';
}

/** What is in the field: the words of the query until the visitor types others, and those of the next query from then on. */
function useDraft(picture: ReferencePicture | null, words: string) {
  const [typed, setTyped] = useState({ picture, words, draft: words });
  const isSame = typed.picture === picture && typed.words === words;
  // Otherwise the way back to a query would find in the field what was typed there last.
  if (!isSame) setTyped({ picture, words, draft: words });
  return [isSame ? typed.draft : words, (draft: string) => setTyped({ picture, words, draft })] as const;
}
