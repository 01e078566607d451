import { initialParameters, Random } from '@neurodex/autograd';
import { identifierLength } from '../../identifiers/encode.ts';
import { numeric } from '../../identifiers/numeric.ts';
import { Trie } from '../../identifiers/trie.ts';
import type { Geometry } from '../model/geometry.ts';
import { dsiParameters } from '../model/parameters.ts';
import { PrefixTable, type RowKind } from '../model/prefix-table.ts';

/** An untrained network over N pictures, with weights large enough that its opinions differ. */
export function smallNetwork(
  count: number,
  options: {
    zeroPadding?: boolean;
    attention?: Geometry['attention'];
    stem?: Geometry['stem'];
    embedding?: RowKind;
    output?: Geometry['output'];
    positions?: Geometry['positions'];
    seed?: number;
    /** In place of the numbers from 0 in random order. */
    identifiers?: readonly string[];
  } = {},
) {
  const { zeroPadding = false, attention = 'prefix', stem = 'linear', seed = 1 } = options;
  const { embedding = 'token', output = 'shared', positions = 'learned' } = options;
  const random = Random.seeded(seed);
  const entries = Array.from({ length: count }, (_, i) => ({ path: `${i}.png`, labels: [] }));
  const identifiers = options.identifiers ?? numeric.assign(entries, { order: 'random', zeroPadding }, random);
  const rows = identifiers.map((_, i) => 2 * i + 1);
  const trie = new Trie(numeric, identifiers, rows);
  const table = PrefixTable.create(trie, embedding);
  const geometry: Geometry = {
    input: 'pixels',
    imageSize: 16,
    patchSize: 8,
    stem,
    sequenceLength: 4,
    width: 16,
    feedForwardWidth: 24,
    heads: 2,
    layers: 2,
    vocabulary: numeric.vocabulary.size,
    pad: numeric.vocabulary.pad,
    embeddingRows: table.size,
    maxIdentifierLength: identifierLength(numeric, identifiers),
    output,
    positions,
    attention,
  };
  const parameters = initialParameters(dsiParameters(geometry), random);
  for (let i = 0; i < parameters.length; i++) parameters[i] = (parameters[i] as number) * 2 + 0.05 * random.normal();
  const pictures = (n: number): Uint8Array => {
    const bytes = new Uint8Array(n * 16 * 16 * 3);
    random.fillBytes(bytes);
    return bytes;
  };
  return { geometry, parameters, table, trie, identifiers, rows, pictures, random };
}
