import type { EngineDescription } from '../engine.ts';
import { counted } from '../state/format.ts';
import { takesTogether } from '../state/systems.ts';
import type { PickPicture } from './picture-action.tsx';
import { PictureGrid } from './picture-grid.tsx';

/** The head of the search page before the first query: what the index is. */
export function Welcome({ description }: { readonly description: EngineDescription }) {
  const { textSystems, runs } = description;
  return (
    <div className="welcome">
      <h1>{textSystems.length > 0 ? 'Search with words or a picture' : 'Search with a picture'}</h1>
      <p className="lead">
        {methodOf(description)} Searches run {runs}.
      </p>
    </div>
  );
}

function methodOf({ systems, textSystems, catalogue }: EngineDescription): string {
  const pictures = counted(catalogue, 'picture');
  if (takesTogether(textSystems)) {
    return `A neural network has memorised ${pictures}. Given words, a picture or both, it generates the identifiers of the pictures that match, token by token.`;
  }
  const ofPictures = systems.includes('dsi')
    ? `A neural network has memorised ${pictures}. Given a new one, it generates the identifiers of similar pictures, token by token.`
    : `Each system compares your picture with ${pictures}.`;
  return textSystems.length > 0 ? `${ofPictures} Words are looked up in captions, labels and names.` : ofPictures;
}

/** Pictures to try; nothing where there are none. */
export function Samples({
  description: { samples },
  pick,
}: {
  readonly description: EngineDescription;
  readonly pick: PickPicture;
}) {
  if (samples.length === 0) return null;
  return (
    <section aria-labelledby="samples-title">
      <h2 id="samples-title">Or try one of these</h2>
      <PictureGrid pictures={samples} pick={pick} />
    </section>
  );
}
