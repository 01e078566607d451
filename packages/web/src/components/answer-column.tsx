import { duration } from '../state/format.ts';
import { relevantOf, SYSTEM_WORDS } from '../state/systems.ts';
import { AnswerList, type AnswerListProps } from './answer-list.tsx';

declare module 'react' {
  interface CSSProperties {
    '--rows'?: number;
  }
}

/** One system's answers, best first. */
export function AnswerColumn({
  results,
  rows,
  pick,
  explained,
  onExplain,
}: AnswerListProps & {
  /** Rows of the grid that all columns share: a heading, and the answers of the longest column. */
  readonly rows: number;
}) {
  const { system, seconds, answers } = results;
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
      <AnswerList results={results} pick={pick} explained={explained} onExplain={onExplain} />
    </section>
  );
}
