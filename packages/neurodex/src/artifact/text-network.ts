import { damaged } from '@neurodex/core/storage';
import { deserialiseModel, type StoredModel } from '../dsi/model/model-file.ts';
import { TextTokenizer } from '../text/tokenizer.ts';
import type { IndexFiles } from './index-files.ts';
import type { TextFacts } from './manifest.ts';

/** A network that reads, and what stands in front of it. */
export interface TextNetwork {
  readonly tokenizer: TextTokenizer;
  /** A frozen text encoder, whose vectors the network reads in place of tokens. */
  readonly encoder: StoredTextEncoder | undefined;
  readonly model: StoredModel;
}

export interface StoredTextEncoder {
  readonly onnx: Uint8Array;
  readonly facts: NonNullable<TextFacts['encoder']>;
  /** Its path, for messages. */
  readonly file: string;
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
  const tokenizer = TextTokenizer.parse(json, tokenizerFile, { foreign: text.encoder !== undefined });
  const model = deserialiseModel(await files.read(text.model), modelFile);
  const { geometry } = model;
  if (geometry.input !== (text.encoder === undefined ? 'tokens' : 'embeddings'))
    throw damaged(modelFile, 'does not hold a network that reads text');
  if (geometry.width !== width) {
    throw damaged(modelFile, `makes states of ${geometry.width} numbers, and the network that sees makes ${width}`);
  }
  if (text.encoder !== undefined) {
    const encoder = { onnx: await files.read(text.encoder), facts: text.encoder, file: files.pathOf(text.encoder) };
    refuseOtherWidths(encoder, model, modelFile);
    return { tokenizer, encoder, model };
  }
  if (geometry.textVocabulary !== tokenizer.size) {
    throw damaged(
      tokenizerFile,
      `has ${tokenizer.size} tokens, and its model was trained with ${geometry.textVocabulary}`,
    );
  }
  return { tokenizer, encoder: undefined, model };
}

function refuseOtherWidths({ facts, file }: StoredTextEncoder, { geometry }: StoredModel, modelFile: string): void {
  const { channels, shift } = facts;
  if (geometry.channels !== channels || geometry.sequenceLength !== 1) {
    throw damaged(modelFile, `reads other vectors than the ${channels} numbers that ${file} gives of a text`);
  }
  if (shift !== null && shift.length !== channels) {
    throw damaged(file, `gives ${channels} numbers of a text, and ${shift.length} are listed to shift them`);
  }
}
