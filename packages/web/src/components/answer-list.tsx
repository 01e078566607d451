import type { Answer, SystemAnswers } from '../engine.ts';
import { groupsOf } from '../state/relevance.ts';
import { AnswerItem } from './answer-item.tsx';
import type { PickPicture } from './picture-action.tsx';

export interface AnswerListProps {
  readonly results: SystemAnswers;
  readonly pick: PickPicture;
  /** Rank of the answer whose tokens are shown; null where there is none. */
  readonly explained: number | null;
  readonly onExplain: (rank: number) => void;
}

/** The answers of a system: those that are likely relevant before those that are merely similar, where that is known. */
export function AnswerList(props: AnswerListProps) {
  const { results } = props;
  const groups = groupsOf(results);
  if (results.answers.length === 0) return <p className="note">No answer.</p>;
  if (groups === null) return <Items {...props} answers={results.answers} />;
  const { relevant, similar } = groups;
  return (
    <>
      {results.nothingFound && relevant.length === 0 ? null : <Group {...props} name="Relevant" answers={relevant} />}
      {similar.length === 0 ? null : <Group {...props} name="Similar" answers={similar} />}
    </>
  );
}

function Group({
  name,
  answers,
  ...props
}: AnswerListProps & { readonly name: 'Relevant' | 'Similar'; readonly answers: readonly Answer[] }) {
  const id = `${name.toLowerCase()}-${props.results.system}`;
  return (
    <div className={`group ${name.toLowerCase()}`}>
      <h4 id={id}>
        {name} <span className="group-count">{answers.length}</span>
      </h4>
      {answers.length === 0 ? (
        <p className="note">No answer is likely relevant.</p>
      ) : (
        <Items {...props} answers={answers} labelledBy={id} />
      )}
    </div>
  );
}

function Items({
  results: { system },
  answers,
  labelledBy,
  pick,
  explained,
  onExplain,
}: AnswerListProps & { readonly answers: readonly Answer[]; readonly labelledBy?: string }) {
  return (
    <ol className="answers" aria-labelledby={labelledBy}>
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
  );
}
