import type { Answer, IdentifierToken } from '../engine.ts';
import { share, titleOf } from '../state/format.ts';
import { reducedMotion } from '../state/theme.ts';
import type { TokenReveal } from '../state/token-reveal.ts';
import { IdentifierTokens } from './identifier-tokens.tsx';
import { attentionPeak } from './query-preview.tsx';

/** How `dsi` decoded the identifier of one answer, token by token. */
export function Decoding({
  answer: { rank, picture, score },
  tokens,
  reveal,
  patchesPerSide,
}: {
  readonly answer: Answer;
  readonly tokens: readonly IdentifierToken[];
  readonly reveal: TokenReveal;
  readonly patchesPerSide: number | null;
}) {
  const selected = tokens[reveal.selected];
  return (
    <div className="decoding">
      <p>
        How <strong>dsi</strong> decoded <span className="identifier">{picture.identifier}</span>, its answer {rank},{' '}
        {titleOf(picture)}:
      </p>
      <IdentifierTokens tokens={tokens} reveal={reveal} />
      <p className="note">
        {tokens.map(({ probability }) => share(probability)).join(' × ')} = {share(Math.exp(score))}, the probability of
        the identifier.
        {selected === undefined || patchesPerSide === null
          ? null
          : ` Token ${reveal.selected + 1} attends most to ${attentionPeak(selected.attention, patchesPerSide)}.`}
      </p>
      {reducedMotion() ? null : (
        <button type="button" className="button quiet" onClick={reveal.replay}>
          Replay
        </button>
      )}
    </div>
  );
}
