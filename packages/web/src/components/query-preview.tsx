import { useEffect, useState } from 'react';
import type { Query } from '../engine.ts';
import { Thumb } from './thumb.tsx';

/**
 * The query as the network sees it, a square cut from the middle, and over it the patches that a token looked at: what it
 * looked at least is veiled most.
 * @param attention share of each patch, [P], row by row
 */
export function QueryPreview({
  query,
  attention,
  patchesPerSide,
}: {
  readonly query: Query;
  readonly attention: readonly number[] | null;
  readonly patchesPerSide: number | null;
}) {
  return (
    <div className="query-picture">
      {query.kind === 'file' ? <LocalPicture file={query.file} /> : <Thumb picture={query.picture} full />}
      {attention === null || patchesPerSide === null || attention.length !== patchesPerSide ** 2 ? null : (
        <Heat attention={attention} side={patchesPerSide} />
      )}
    </div>
  );
}

function LocalPicture({ file }: { readonly file: File }) {
  const [address, setAddress] = useState<string>();
  const [shown, setShown] = useState(true);
  useEffect(() => {
    const made = URL.createObjectURL(file);
    setAddress(made);
    setShown(true);
    return () => URL.revokeObjectURL(made);
  }, [file]);
  if (!shown) return <span className="thumb missing">This browser cannot show {file.name}.</span>;
  return <img className="thumb" src={address} alt={file.name} onError={() => setShown(false)} />;
}

function Heat({ attention, side }: { readonly attention: readonly number[]; readonly side: number }) {
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

/** The patch that was looked at most, in words. */
export function lookedMost(attention: readonly number[], side: number): string {
  const most = attention.indexOf(Math.max(...attention));
  const place = `row ${Math.floor(most / side) + 1}, column ${(most % side) + 1}`;
  return `most at ${place} of ${side} × ${side}: ${Math.round((attention[most] ?? 0) * 100)} %`;
}
