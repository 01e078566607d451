import type { SystemAnswers } from '../engine.ts';
import { duration } from '../state/format.ts';
import { relevantOf, SYSTEM_WORDS } from '../state/systems.ts';
import { AnswerItem } from './answer-item.tsx';
import type { PickPicture } from './picture-action.tsx';

declare module 'react' {
  interface CSSProperties {
    '--rows'?: number;
  }
}

/** One system's answers, best first. */
export function AnswerColumn({
  results: { system, seconds, answers },
  rows,
  pick,
  explained,
  onExplain,
}: {
  readonly results: SystemAnswers;
  /** Rows of the grid that all columns share: a heading, and the answers of the longest column. */
  readonly rows: number;
  readonly pick: PickPicture;
  /** Rank of the answer whose tokens are shown; null where there is none. */
  readonly explained: number | null;
  readonly onExplain: (rank: number) => void;
}) {
  const { method, score } = SYSTEM_WORDS[system];
  const relevant = relevantOf(answers);
  return (
    <section className="column" style={{ '--rows': rows }} aria-labelledby={`answers-${system}`}>
      <header>
        <h3 id={`answers-${system}`}>{system}</h3>
        <p className="note method">{method}</p>
        <p className="note">
          {relevant === null ? null : <strong>{relevant} · </strong>}
          {duration(seconds)}
          <span className="wide"> · {score}</span>
        </p>
      </header>
      {answers.length === 0 ? <p className="note">No answer.</p> : null}
      <ol className="answers">
        {answers.map((answer) => (
          <AnswerItem
            key={answer.rank}
            answer={answer}
            system={system}
            pick={pick}
            explained={explained === answer.rank}
            onExplain={onExplain}
          />
        ))}
      </ol>
    </section>
  );
}
