import type { DeclaredValue, OpenedModel } from '@neurodex/autograd';
import { unusable } from '../encoder/unusable.ts';
import type { TextEncoderFacts, TextEncoderHints } from './facts.ts';

/** Names of inputs, of exports by Optimum, of Immich, and of OpenCLIP. */
const IDS = ['input_ids', 'text', 'tokens', 'ids'];
const MASK = 'attention_mask';
const TYPES = 'token_type_ids';
/** The one vector of a text, the best known first: what pictures are compared with, before what the network ends in. */
const VECTORS = ['text_embeds', 'sentence_embedding', 'text_embedding', 'embedding', 'embeddings'];
const STATES = 'last_hidden_state';

/** Tokens of a text where nobody says how many the model was trained with. */
const USUAL_LENGTH = 512;

/** How a model is fed and read, as far as its file and those beside it say. @throws NeurodexError `encoder-unusable` */
export function settleFacts(
  model: Pick<OpenedModel, 'inputs' | 'outputs'>,
  hints: TextEncoderHints,
  name: string,
): Omit<TextEncoderFacts, 'channels'> {
  const ids = idsOf(model, name);
  const has = (input: string): string | null => (model.inputs.some((each) => each.name === input) ? input : null);
  const [mask, types] = [has(MASK), has(TYPES)];
  for (const input of model.inputs) {
    if (input.dtype !== 'int32' && input.dtype !== 'int64') {
      throw unusable(name, `takes ${input.dtype} in ${input.name}, where a text encoder takes int32 or int64`, {
        hint: 'take an export of the text encoder alone (text_model.onnx)',
      });
    }
    if (![ids.name, mask, types].includes(input.name)) {
      throw unusable(name, `takes ${input.name}, and nobody says what that is`, {
        hint: `take an export of a text encoder whose inputs are ${IDS[0]}, ${MASK} and ${TYPES}`,
      });
    }
  }
  const fixed = ids.shape[1];
  return {
    ids: ids.name,
    mask,
    types,
    output: outputOf(model, hints, name),
    pooling: 'none',
    length: fixed ?? hints.length ?? USUAL_LENGTH,
    // Without a mask, a model knows padding by what it was trained with: texts of one length.
    padded: fixed !== undefined || hints.padded === true || (mask === null && hints.length !== undefined),
    padding: hints.padding ?? 0,
    batch: ids.shape[0] ?? null,
  };
}

function idsOf({ inputs }: Pick<OpenedModel, 'inputs'>, name: string): DeclaredValue {
  const found = inputs.find((input) => IDS.includes(input.name)) ?? (inputs.length === 1 ? inputs[0] : undefined);
  if (found === undefined) {
    throw unusable(name, `has no input for tokens; it has ${listed(inputs)}`, {
      hint: `take an export of a text encoder whose input is ${IDS[0]}`,
    });
  }
  if (found.shape.length !== 2 && found.shape.length !== 0) {
    throw unusable(name, `takes no texts: ${found.name} has ${found.shape.length} dimensions, not 2`, {
      hint: 'name a model whose input is [B, T]',
    });
  }
  return found;
}

/** A sentence encoder says how its states become one vector: then these count, and no pooled output of the network. */
function outputOf({ outputs }: Pick<OpenedModel, 'outputs'>, { pooling }: TextEncoderHints, name: string): string {
  const vector = VECTORS.find((wanted) => outputs.some((output) => output.name === wanted));
  if (vector !== undefined) return vector;
  const states = outputs.find((output) => output.name === STATES);
  if (pooling !== undefined && states !== undefined) return states.name;
  const pooled = outputs.find((output) => output.name === 'pooler_output' || output.shape.length === 2);
  const found = pooled ?? outputs[0];
  if (found !== undefined) return found.name;
  throw unusable(name, 'has no output', { hint: 'take an export of a text encoder' });
}

const listed = (values: readonly DeclaredValue[]): string => values.map(({ name }) => name).join(', ');
