import type { ReactNode } from 'react';
import type { EngineDescription } from '../engine.ts';
import { counted } from '../state/format.ts';
import type { PickPicture } from './picture-action.tsx';
import { PictureGrid } from './picture-grid.tsx';

/** The search page before the first query: what the index is, and pictures to try. */
export function Welcome({
  description: { systems, catalogue, samples, runs },
  pick,
  children,
}: {
  readonly description: EngineDescription;
  readonly pick: PickPicture;
  readonly children: ReactNode;
}) {
  const pictures = counted(catalogue, 'picture');
  return (
    <>
      <section className="welcome" aria-labelledby="welcome-title">
        <h1 id="welcome-title">Search with a picture</h1>
        <p className="lead">
          {systems.includes('dsi')
            ? `A neural network has memorised ${pictures}. Given a new one, it generates the identifiers of similar pictures, token by token.`
            : `Each system compares your picture with ${pictures}.`}{' '}
          Searches run {runs}.
        </p>
        {children}
      </section>
      {samples.length === 0 ? null : (
        <section aria-labelledby="samples-title">
          <h2 id="samples-title">Or try one of these</h2>
          <PictureGrid pictures={samples} pick={pick} />
        </section>
      )}
    </>
  );
}
