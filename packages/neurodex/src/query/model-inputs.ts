import type { Config } from '../config.ts';
import { embeddingInput } from './embedding-input.ts';
import type { InputGeometry, ModelInput, ModelInputName, PictureInput } from './model-input.ts';
import { pixelInput } from './pixel-input.ts';
import { tokenInput } from './token-input.ts';

/** Every input that a model can have; one that is missing does not compile. */
export const MODEL_INPUTS = {
  pixels: pixelInput,
  embeddings: embeddingInput,
  tokens: tokenInput,
} as const satisfies { readonly [Name in ModelInputName]: ModelInput };

export const modelInput = ({ input }: Pick<InputGeometry, 'input'>): ModelInput => MODEL_INPUTS[input];

/** The input of a network that sees. @throws RangeError for one that reads text */
export function pictureInput({ input }: Pick<InputGeometry, 'input'>): PictureInput {
  if (input === 'tokens') throw new RangeError('a network that reads text is given no pictures');
  return MODEL_INPUTS[input];
}

/**
 * The input of a network that is to be trained.
 * @param backbone what an encoder gives of each picture, where the network reads that in place of pixels
 */
export const inputGeometry = (
  { pictures, model }: Pick<Config, 'pictures' | 'model'>,
  backbone: { readonly tokens: number; readonly channels: number } | undefined,
): InputGeometry => ({
  ...(backbone === undefined
    ? { input: 'pixels', sequenceLength: (pictures.size / model.patchSize) ** 2 }
    : { input: 'embeddings', sequenceLength: backbone.tokens, channels: backbone.channels }),
  imageSize: pictures.size,
  patchSize: model.patchSize,
  stem: model.stem,
  ...(model.stem === 'linear' ? {} : { windows: model.windows }),
  width: model.width,
});
