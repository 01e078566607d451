import { damaged } from '@neurodex/core/storage';
import { deserialiseModel, type StoredModel } from '../dsi/model/model-file.ts';
import { TextTokenizer } from '../text/tokenizer.ts';
import type { IndexFiles } from './index-files.ts';

/** A network that reads, and what cuts its texts into tokens. */
export interface TextNetwork {
  readonly tokenizer: TextTokenizer;
  readonly model: StoredModel;
}

/**
 * The network of an index that reads; undefined where it never learned to.
 * @param width D of the network that sees @throws NeurodexError `index-damaged` where the two, or its tokenizer, do not belong together
 */
export async function readTextNetwork(files: IndexFiles, width: number): Promise<TextNetwork | undefined> {
  const { text } = files.manifest;
  if (text === undefined) return undefined;
  const [tokenizerFile, modelFile] = [files.pathOf(text.tokenizer), files.pathOf(text.model)];
  const json = new TextDecoder('utf-8').decode(await files.read(text.tokenizer));
  const tokenizer = TextTokenizer.parse(json, tokenizerFile);
  const model = deserialiseModel(await files.read(text.model), modelFile);
  const { geometry } = model;
  if (geometry.input !== 'tokens') throw damaged(modelFile, 'does not hold a network that reads text');
  if (geometry.width !== width) {
    throw damaged(modelFile, `makes states of ${geometry.width} numbers, and the network that sees makes ${width}`);
  }
  if (geometry.textVocabulary !== tokenizer.size) {
    throw damaged(
      tokenizerFile,
      `has ${tokenizer.size} tokens, and its model was trained with ${geometry.textVocabulary}`,
    );
  }
  return { tokenizer, model };
}
