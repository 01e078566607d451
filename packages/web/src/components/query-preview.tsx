import type { ReferencePicture } from '../engine.ts';
import { percent } from '../state/format.ts';
import { QueryImage } from './query-image.tsx';

/**
 * The picture of a query as the network sees it, its centre square, with the attention of a token over it: the less attention a patch
 * gets, the more it is veiled.
 * @param attention share of each patch, [P], row by row, sum 1; null shows the picture alone
 */
export function QueryPreview({
  picture,
  attention,
  patchesPerSide,
}: {
  readonly picture: ReferencePicture;
  readonly attention: readonly number[] | null;
  readonly patchesPerSide: number | null;
}) {
  return (
    <div className="query-picture">
      <QueryImage picture={picture} full />
      {attention === null || patchesPerSide === null || attention.length !== patchesPerSide ** 2 ? null : (
        <AttentionMap attention={attention} side={patchesPerSide} />
      )}
    </div>
  );
}

function AttentionMap({ attention, side }: { readonly attention: readonly number[]; readonly side: number }) {
  const [least, most] = [Math.min(...attention), Math.max(...attention)];
  return (
    <svg
      className="heat"
      viewBox={`0 0 ${side} ${side}`}
      aria-hidden="true"
      focusable="false"
      preserveAspectRatio="none"
    >
      {attention.map((share, patch) => {
        const [x, y] = [patch % side, Math.floor(patch / side)];
        const warmth = most > least ? (share - least) / (most - least) : 1;
        return (
          <g key={`${x},${y}`}>
            <rect className="veil" x={x} y={y} width="1" height="1" opacity={0.86 * (1 - warmth)} />
            <rect className="warm" x={x} y={y} width="1" height="1" opacity={0.24 * warmth} />
          </g>
        );
      })}
    </svg>
  );
}

/** The patch with the most attention, in words: `row 2, column 3 of 6 × 6 patches (12 %)`. */
export function attentionPeak(attention: readonly number[], side: number): string {
  const peak = Math.max(...attention);
  const patch = attention.indexOf(peak);
  const place = `row ${Math.floor(patch / side) + 1}, column ${(patch % side) + 1}`;
  return `${place} of ${side} × ${side} patches (${percent(peak)})`;
}
