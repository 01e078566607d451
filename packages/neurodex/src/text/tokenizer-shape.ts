import { damaged, malformed } from '@neurodex/core/storage';
import { z } from 'zod';

const id = z.int().min(0);
const component = z.looseObject({ type: z.string() }).nullable();

/** What is common to the files of all tokenizers. The library that runs them checks what each part is made of. */
const tokenizerShape = z.looseObject({
  added_tokens: z.array(z.looseObject({ id, content: z.string().min(1) })),
  normalizer: component,
  pre_tokenizer: component,
  post_processor: component,
  decoder: component,
  model: z.looseObject({
    /** Old files have none. */
    type: z.string().optional(),
    unk_token: z.string().nullish(),
    /** By token; of a unigram model [token, logarithm of its probability], by id. */
    vocab: z.union([z.record(z.string(), id), z.array(z.tuple([z.string(), z.number()]))]),
  }),
});

export type TokenizerShape = z.infer<typeof tokenizerShape>;

/**
 * The value is used as it was read: a copy by the schema would lack a token that is spelled like a property of all objects.
 * @throws NeurodexError `index-damaged`
 */
export function checkTokenizer(value: unknown, file: string): asserts value is TokenizerShape {
  const { error } = tokenizerShape.safeParse(value);
  if (error !== undefined) throw malformed(file, 'a tokenizer', error);
}

/**
 * The number of tokens, whose ids are 0 to n−1; with `gaps`, the largest id plus one.
 * @param gaps whether ids may be of no token: models of others leave some out
 * @throws NeurodexError `index-damaged` where two tokens have one id, or an id has none
 */
export function countTokens({ model, added_tokens }: TokenizerShape, file: string, gaps: boolean): number {
  const tokens = new Map<number, string>();
  const take = (token: string, id: number): void => {
    const other = tokens.get(id) ?? token;
    if (other !== token) {
      throw damaged(file, `gives the id ${id} to two tokens, ${JSON.stringify(other)} and ${JSON.stringify(token)}`);
    }
    tokens.set(id, token);
  };
  if (Array.isArray(model.vocab)) for (const [id, [token]] of model.vocab.entries()) take(token, id);
  else for (const [token, id] of Object.entries(model.vocab)) take(token, id);
  for (const { content, id } of added_tokens) take(content, id);

  if (tokens.size === 0) throw damaged(file, 'has no tokens');
  if (gaps) {
    let size = 0;
    for (const id of tokens.keys()) size = Math.max(size, id + 1);
    return size;
  }
  for (let id = 0; id < tokens.size; id++) {
    if (!tokens.has(id)) throw damaged(file, `has no token with the id ${id}, and ${tokens.size} in all`);
  }
  return tokens.size;
}
