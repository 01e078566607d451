import { z } from 'zod';
import type { Pooling, TextEncoderHints } from './facts.ts';

/** The texts of files that lie beside an encoder; undefined where there is none. */
export interface FilesBeside {
  readonly tokenizer: string;
  readonly tokenizerConfig?: string | undefined;
  /** sentence_bert_config.json of sentence-transformers. */
  readonly sentences?: string | undefined;
  /** 1_Pooling/config.json of sentence-transformers. */
  readonly pooling?: string | undefined;
}

// What is said in another way is not said: `TextTokenizer` judges the file itself.
const tokenizerFile = z.looseObject({
  truncation: z
    .looseObject({ max_length: z.int().min(1) })
    .nullish()
    .catch(undefined),
  padding: z
    .looseObject({
      strategy: z.union([z.string(), z.looseObject({ Fixed: z.int().min(1) })]),
      pad_id: z.int().min(0),
    })
    .nullish()
    .catch(undefined),
  added_tokens: z.array(z.looseObject({ id: z.int(), content: z.string() })).catch([]),
  model: z.looseObject({ vocab: z.unknown() }).catch({ vocab: undefined }),
});

const token = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)]);
const tokenizerConfigFile = z.looseObject({
  model_max_length: z.number().optional().catch(undefined),
  pad_token: token.optional().catch(undefined),
});
const sentencesFile = z.looseObject({ max_seq_length: z.int().min(1).optional().catch(undefined) });
const flag = z.boolean().catch(false);
const poolingFile = z.looseObject({ pooling_mode_cls_token: flag, pooling_mode_mean_tokens: flag });

/** transformers writes 10³⁰ where a model has no limit. */
const NO_LIMIT = 100_000;

/**
 * What the files say. Of several lengths that of sentence-transformers counts, then the tokenizer's configuration, as their
 * programs have it.
 * @throws ZodError for a file that is no object; SyntaxError
 */
export function readHints(files: FilesBeside): TextEncoderHints {
  const { truncation, padding, added_tokens, model } = tokenizerFile.parse(JSON.parse(files.tokenizer));
  const { model_max_length: limit = NO_LIMIT, pad_token } = tokenizerConfigFile.parse(parsed(files.tokenizerConfig));
  const fixed = typeof padding?.strategy === 'object' ? padding.strategy.Fixed : undefined;
  const { max_seq_length } = sentencesFile.parse(parsed(files.sentences));
  return {
    length: max_seq_length ?? (limit < NO_LIMIT ? limit : (fixed ?? truncation?.max_length)),
    // Sentence encoders pad to the longest, whatever the tokenizer was last used with.
    padded: fixed === undefined || files.sentences !== undefined ? undefined : true,
    padding: padding?.pad_id ?? (pad_token === undefined ? undefined : idOf(pad_token, added_tokens, model.vocab)),
    pooling: files.pooling === undefined ? undefined : poolingOf(files.pooling),
  };
}

function poolingOf(text: string): Pooling | undefined {
  const { pooling_mode_cls_token, pooling_mode_mean_tokens } = poolingFile.parse(JSON.parse(text));
  if (pooling_mode_cls_token) return 'first';
  return pooling_mode_mean_tokens ? 'mean' : undefined;
}

const parsed = (text: string | undefined): unknown => (text === undefined ? {} : JSON.parse(text));

function idOf(
  content: string,
  added: readonly { readonly id: number; readonly content: string }[],
  vocabulary: unknown,
): number | undefined {
  const known = added.find((each) => each.content === content)?.id;
  if (known !== undefined) return known;
  const ids = z.record(z.string(), z.int()).safeParse(vocabulary);
  return ids.success && Object.hasOwn(ids.data, content) ? ids.data[content] : undefined;
}
