import { DsiSystem } from '../dsi/search/dsi-system.ts';
import { modelInput } from '../query/model-inputs.ts';
import type { SystemDeclaration } from './declaration.ts';

export const dsi: SystemDeclaration = {
  summary: 'the network writes the identifiers',
  score: 'log-probability of the identifier; over all catalogue pictures the probabilities add up to 1',
  accepts: ['picture'],
  needs: 'network',
  column: undefined,
  isStored: ({ model }) => model !== undefined,
  async open({ artifact: { manifest, network }, runtime, batches, shared, queryEncoder }) {
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
