import type { IndexFiles } from '../artifact/index-files.ts';
import { readTextNetwork, type TextNetwork } from '../artifact/text-network.ts';
import { DsiSystem } from '../dsi/search/dsi-system.ts';
import { type OnLong, type TextReader, TextStateEncoder, tokenReader } from '../dsi/search/text-state-encoder.ts';
import type { TextStates } from '../dsi/search/written-search.ts';
import { FrozenTextEncoder } from '../models/text-encoder/text-encoder.ts';
import { vectorReader } from '../models/text-encoder/vector-reader.ts';
import { modelInput } from '../query/model-inputs.ts';
import { QUERY_KINDS } from '../query/query.ts';
import type { SystemContext, SystemDeclaration } from './declaration.ts';
import { SharedParts } from './shared-parts.ts';

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

/** What reads the words of queries; versions of an index have it in common. @throws NeurodexError `index-damaged` */
async function textsOf(
  files: IndexFiles,
  width: number,
  { runtime, reporter, shared = new SharedParts(), batches, onLongText }: TextContext,
): Promise<TextStates | undefined> {
  const network = await readTextNetwork(files, width);
  if (network === undefined) return undefined;
  const onLong =
    onLongText ??
    ((read, tokens) =>
      reporter.warn(`a query has ${tokens} tokens, and dsi reads the first ${read}`, { read, tokens }));
  const make = async () => {
    const reader = await readerOf(network, runtime, onLong);
    return new TextStateEncoder({ runtime, batches, reader, model: network.model });
  };
  const key = `texts ${files.manifest.text?.model.sha256}`;
  const { part, giveBack } = await shared.take(key, make, (texts) => texts.release());
  let isHeld = true;
  return {
    states: (texts) => part.states(texts),
    async release() {
      if (isHeld) await giveBack();
      isHeld = false;
    },
  };
}

/** @throws NeurodexError `encoder-unusable` */
async function readerOf(
  { tokenizer, encoder, model }: TextNetwork,
  runtime: SystemContext['runtime'],
  onLong: OnLong,
): Promise<TextReader> {
  if (encoder === undefined) return tokenReader(tokenizer, model.geometry, onLong);
  const { onnx, facts, file } = encoder;
  const frozen = await FrozenTextEncoder.restore(runtime, onnx, facts, { name: file, tokenizer });
  return vectorReader(frozen, facts.shift, onLong);
}
