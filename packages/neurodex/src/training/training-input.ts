import type { Random } from '@neurodex/autograd';
import type { Config } from '../config.ts';
import type { EmbeddingRows } from '../pictures/embeddings.ts';
import { drawView } from '../query/augment.ts';
import type { ModelInputName } from '../query/model-input.ts';
import type { AugmentedView, InputSource, PixelSource } from './load-batch.ts';

/** How a picture of the store becomes an input of the network in training. */
export interface TrainingInput {
  readonly source: InputSource;
  /** Whether pictures are changed while they are loaded, so that threads are worth starting. */
  readonly augments: boolean;
  /** @param strength of the augmentation, in [0, 1]; 0 leaves the picture as it is */
  draw(row: number, strength: number, ranges: AugmentationRanges, random: Random): AugmentedView;
}

/** What inputs are made from. */
export interface InputStore {
  /** Edge of a picture. */
  readonly size: number;
  readonly pixels: PixelSource['pixels'];
  readonly embeddings?: EmbeddingRows | undefined;
}

export type AugmentationRanges = Omit<Config['augmentation'], 'indexing' | 'retrieval' | 'clean'>;

/** Every input that training can load; one that is missing does not compile. */
const TRAINING_INPUTS = {
  pixels: ({ size, pixels }) => ({
    source: { input: 'pixels', size, pixels },
    augments: true,
    draw: (row, strength, ranges, random) => ({ row, view: drawView(size, { ...ranges, strength }, random) }),
  }),
  // One of the stored views takes the place of augmentation, where there are any.
  embeddings(store) {
    const embeddings = embeddingsOf(store);
    const { views } = embeddings;
    return {
      source: { input: 'embeddings', embeddings },
      augments: false,
      draw(row, strength, _ranges, random) {
        const view = strength === 0 || views === 0 ? 0 : 1 + random.integer(views);
        return { row: embeddings.place(row, view), view: null };
      },
    };
  },
} as const satisfies { readonly [Name in PictureInputName]: (store: InputStore) => TrainingInput };

type PictureInputName = Exclude<ModelInputName, 'tokens'>;

/** @throws RangeError for a network that reads text */
export function trainingInput(input: ModelInputName, store: InputStore): TrainingInput {
  if (input === 'tokens') throw new RangeError('a network that reads text is given no pictures');
  return TRAINING_INPUTS[input](store);
}

function embeddingsOf({ embeddings }: InputStore): EmbeddingRows {
  if (embeddings === undefined) throw new RangeError('the network reads embeddings, and the catalogue has none');
  return embeddings;
}
