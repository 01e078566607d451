import type { Answer, SystemName } from '../engine.ts';
import { percent, share, titleOf } from '../state/format.ts';
import { SYSTEM_WORDS } from '../state/systems.ts';
import { type PickPicture, PictureAction } from './picture-action.tsx';
import { Thumb } from './thumb.tsx';

/** One answer in a system's column: rank, picture, relevance, score and, of `dsi`, the identifier. */
export function AnswerItem({
  answer,
  system,
  pick,
  explained,
  onExplain,
}: {
  readonly answer: Answer;
  readonly system: SystemName;
  readonly pick: PickPicture;
  /** Whether the answer's tokens are shown. */
  readonly explained: boolean;
  readonly onExplain: (rank: number) => void;
}) {
  const { rank, picture, score, relevant, relevance } = answer;
  const title = titleOf(picture);
  return (
    <li className={`answer${relevant === true ? ' relevant' : ''}`}>
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
        <span className="answer-head">
          <span className="answer-title" title={title === picture.name ? title : `${title}, ${picture.name}`}>
            {title}
            {relevant === null ? null : <span className="hidden">, {relevant ? 'relevant' : 'not relevant'}</span>}
          </span>
          {relevance === null ? null : <Relevance probability={relevance} />}
        </span>
        <Score score={score} system={system} />
        <PictureAction
          picture={picture}
          pick={pick}
          className="more"
          label={`More like this: answer ${rank}, ${title}`}
        >
          More like this
        </PictureAction>
        {system === 'dsi' ? <Identifier answer={answer} explained={explained} onExplain={onExplain} /> : null}
      </div>
    </li>
  );
}

/** How likely an answer is relevant. */
function Relevance({ probability }: { readonly probability: number }) {
  return (
    <span className="relevance" title="estimated probability that it is relevant">
      <span className="hidden">, relevant with a probability of </span>
      {percent(probability)}
    </span>
  );
}

/** A score as a bar and a number. */
function Score({ score, system }: { readonly score: number; readonly system: SystemName }) {
  const { shareOf, score: name } = SYSTEM_WORDS[system];
  const part = shareOf(score);
  return (
    <span className="score">
      <span className="score-bar" aria-hidden="true">
        <span style={{ inlineSize: `${part * 100}%` }} />
      </span>
      <span className="score-figure" title={`score ${score.toPrecision(4)}`}>
        <span className="hidden">{name} </span>
        {share(part)}
      </span>
    </span>
  );
}

/** The identifier of an answer: a button that shows its tokens, where the answer has them. */
function Identifier({
  answer: { rank, picture, tokens },
  explained,
  onExplain,
}: {
  readonly answer: Answer;
  readonly explained: boolean;
  readonly onExplain: (rank: number) => void;
}) {
  if (picture.identifier === null) return null;
  if (tokens === undefined) return <span className="identifier">{picture.identifier}</span>;
  return (
    <button
      type="button"
      className="identifier"
      aria-pressed={explained}
      aria-label={`Show how ${picture.identifier} was decoded`}
      onClick={() => onExplain(rank)}
    >
      {picture.identifier}
    </button>
  );
}
