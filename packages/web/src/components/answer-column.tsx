import type { CSSProperties } from 'react';
import type { Answer, SystemAnswers, SystemName } from '../engine.ts';
import { duration, share, titleOf } from '../state/format.ts';
import { type PickPicture, PictureAction } from './picture-action.tsx';
import { Thumb } from './thumb.tsx';

interface SystemWords {
  readonly title: string;
  readonly how: string;
  readonly score: string;
  /** The score as a share between 0 and 1. */
  readonly shareOf: (score: number) => number;
}

/** What each system is, for people. */
export const SYSTEM_WORDS: Readonly<Record<SystemName, SystemWords>> = {
  dsi: {
    title: 'dsi',
    how: 'the trained index writes identifiers',
    score: 'probability',
    shareOf: Math.exp,
  },
  bovw: {
    title: 'bovw',
    how: 'a bag of visual words is compared',
    score: 'cosine',
    shareOf: (score) => Math.min(1, Math.max(0, score)),
  },
  pixels: {
    title: 'pixels',
    how: 'the pixels themselves are compared',
    score: 'cosine',
    shareOf: (score) => Math.min(1, Math.max(0, score)),
  },
  encoder: {
    title: 'encoder',
    how: 'embeddings of the encoder are compared',
    score: 'cosine',
    shareOf: (score) => Math.min(1, Math.max(0, score)),
  },
};

/** How well a system did, where that is known. */
export function rightOf(answers: readonly Answer[]): string | null {
  const judged = answers.filter(({ relevant }) => relevant !== null);
  if (judged.length === 0) return null;
  return `${judged.filter(({ relevant }) => relevant).length} of ${judged.length} right`;
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
  /** Of the grid that all columns share: a heading and the answers of whoever has most. */
  readonly rows: number;
  readonly pick: PickPicture;
  /** Rank of the answer whose tokens are shown. */
  readonly explained: number | null;
  readonly onExplain: (rank: number) => void;
}) {
  const { title, how, score } = SYSTEM_WORDS[system];
  const right = rightOf(answers);
  return (
    <section className="column" style={{ '--rows': rows } as CSSProperties} aria-labelledby={`answers-${system}`}>
      <header>
        <h3 id={`answers-${system}`}>{title}</h3>
        <p className="note how">{how}</p>
        <p className="note">
          {right === null ? null : <strong>{right} · </strong>}
          {duration(seconds)}
          <span className="wide"> · {score}</span>
        </p>
      </header>
      {answers.length === 0 ? <p className="note">No answer.</p> : null}
      <ol className="answers">
        {answers.map((answer) => (
          <OneAnswer
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

function OneAnswer({
  answer: { rank, picture, score, relevant, tokens },
  system,
  pick,
  explained,
  onExplain,
}: {
  readonly answer: Answer;
  readonly system: SystemName;
  readonly pick: PickPicture;
  readonly explained: boolean;
  readonly onExplain: (rank: number) => void;
}) {
  const { shareOf, score: scoreName } = SYSTEM_WORDS[system];
  const part = shareOf(score);
  const title = titleOf(picture);
  const judged = relevant === null ? '' : relevant ? 'right' : 'wrong';
  return (
    <li className={`answer ${judged}`}>
      <span className="rank" aria-hidden="true">
        {rank}
      </span>
      <PictureAction
        picture={picture}
        pick={pick}
        className="answer-picture"
        label={`Search with answer ${rank}: ${title}`}
      >
        <Thumb picture={picture} decorative />
        {relevant === null ? null : (
          <span className="verdict" aria-hidden="true">
            {relevant ? '✓' : '✗'}
          </span>
        )}
      </PictureAction>
      <div className="answer-words">
        <span className="answer-title" title={title === picture.name ? title : `${title}, ${picture.name}`}>
          {title}
          {relevant === null ? null : <span className="hidden">, {judged}</span>}
        </span>
        <span className="score">
          <span className="score-bar" aria-hidden="true">
            <span style={{ inlineSize: `${part * 100}%` }} />
          </span>
          <span className="score-figure" title={`score ${score.toPrecision(4)}`}>
            <span className="hidden">{scoreName} </span>
            {share(part)}
          </span>
        </span>
        {system !== 'dsi' || picture.identifier === null ? null : tokens === undefined ? (
          <span className="identifier">{picture.identifier}</span>
        ) : (
          <button
            type="button"
            className="identifier"
            aria-pressed={explained}
            aria-label={`Show how ${picture.identifier} was written`}
            onClick={() => onExplain(rank)}
          >
            {picture.identifier}
          </button>
        )}
      </div>
    </li>
  );
}
