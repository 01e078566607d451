import { defined } from '@neurodex/core';
import type { IndexFiles } from '../artifact/index-files.ts';
import type { TextNetwork } from '../artifact/text-network.ts';
import { DsiSystem } from '../dsi/search/dsi-system.ts';
import { type OnLong, type TextReader, TextStateEncoder, tokenReader } from '../dsi/search/text-state-encoder.ts';
import type { TextStates } from '../dsi/search/written-search.ts';
import { modelInput } from '../query/model-inputs.ts';
import { QUERY_KINDS } from '../query/query.ts';
import type { SystemContext, SystemDeclaration } from './declaration.ts';
import { SharedParts, type TakenPart } from './shared-parts.ts';

export const dsi: SystemDeclaration = {
  summary: 'the network writes the identifiers',
  score: 'log-probability of the identifier; over all catalogue pictures the probabilities add up to 1',
  accepts: ({ text }) => (text === undefined ? ['picture'] : QUERY_KINDS),
  needs: 'network',
  column: undefined,
  isStored: ({ model }) => model !== undefined,
  async open({ artifact: { manifest, files, network }, runtime, reporter, batches, shared, onLongText, queryEncoder }) {
    const { model, table } = await network();
    const { geometry, parameters, memory } = model;
    const { beam, exactUpTo } = manifest.config.retrieval;
    return new DsiSystem({
      runtime,
      geometry,
      table,
      // A wider beam finds nothing more.
      search: { exactUpTo, beam: Math.min(beam, table.trie.leafCount) },
      parameters,
      memory,
      backbone: modelInput(geometry).needsBackbone ? await queryEncoder() : undefined,
      texts:
        memory === undefined
          ? undefined
          : await textsOf(files, geometry.width, { runtime, reporter, shared, batches, onLongText }),
      // The memory is of the version, the network that encodes queries is not.
      ...(shared === undefined || memory === undefined
        ? {}
        : {
            stateEncoder: async (batch, make) => {
              const key = `states ${manifest.model?.sha256} ${batch}`;
              const { part, giveBack } = await shared.take(key, make, (encoder) => encoder.release());
              return { batch: part.batch, encode: (...asked) => part.encode(...asked), release: giveBack };
            },
          }),
      ...(batches === undefined ? {} : { batches }),
    });
  },
};

interface TextContext extends Pick<SystemContext, 'runtime' | 'reporter' | 'batches' | 'onLongText'> {
  readonly shared: SystemContext['shared'] | undefined;
}

/**
 * What reads the words of queries; versions of an index have it in common, and open it with the index. Without other versions it is opened
 * for the first words: most searches are by a picture.
 * @throws NeurodexError `index-damaged`
 */
async function textsOf(files: IndexFiles, width: number, context: TextContext): Promise<TextStates | undefined> {
  if (files.manifest.text === undefined) return undefined;
  let opening: ReturnType<typeof openTexts> | undefined;
  const opened = () => {
    opening ??= openTexts(files, width, context);
    return opening;
  };
  if (context.shared !== undefined) await opened();
  return {
    states: async (texts) => (await opened()).part.states(texts),
    async release() {
      const found = await opening?.catch(() => undefined);
      opening = undefined;
      await found?.giveBack();
    },
  };
}

async function openTexts(
  files: IndexFiles,
  width: number,
  { runtime, reporter, shared = new SharedParts(), batches, onLongText }: TextContext,
): Promise<TakenPart<TextStateEncoder>> {
  const onLong =
    onLongText ??
    ((read, tokens) =>
      reporter.warn(`a query has ${tokens} tokens, and dsi reads the first ${read}`, { read, tokens }));
  const { readTextNetwork } = await import('../artifact/text-network.ts');
  const network = defined(await readTextNetwork(files, width), 'the network that reads');
  const make = async () => {
    const reader = await readerOf(network, runtime, onLong);
    return new TextStateEncoder({ runtime, batches, reader, model: network.model });
  };
  return await shared.take(`texts ${files.manifest.text?.model.sha256}`, make, (texts) => texts.release());
}

/** @throws NeurodexError `encoder-unusable` */
async function readerOf(
  { tokenizer, encoder, model }: TextNetwork,
  runtime: SystemContext['runtime'],
  onLong: OnLong,
): Promise<TextReader> {
  if (encoder === undefined) return tokenReader(tokenizer, model.geometry, onLong);
  const { onnx, facts, file } = encoder;
  const { FrozenTextEncoder } = await import('../models/text-encoder/text-encoder.ts');
  const { vectorReader } = await import('../models/text-encoder/vector-reader.ts');
  const frozen = await FrozenTextEncoder.restore(runtime, onnx, facts, { name: file, tokenizer });
  return vectorReader(frozen, facts.shift, onLong);
}
