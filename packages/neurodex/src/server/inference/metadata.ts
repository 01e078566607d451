import { systemsFor } from '../../systems/systems.ts';
import { VERSION } from '../../version.ts';
import type { ModelMetadata, ServerMetadata } from '../api/inference-schemas.ts';
import type { HostedIndex } from '../hosted-index.ts';
import { outputMetadata } from './outputs.ts';
import { INPUTS, type InputName } from './queries.ts';

export const serverMetadata = (): ServerMetadata => ({
  name: 'neurodex',
  version: VERSION,
  extensions: ['binary_tensor_data', 'parameters'],
});

/** The kind of query that an input is. */
export const KIND_OF = { image: 'picture', text: 'text' } as const satisfies Readonly<Record<InputName, string>>;

export const modelMetadata = ({ id, card, index }: HostedIndex): ModelMetadata => ({
  name: id,
  versions: [card.version],
  platform: 'neurodex_index',
  inputs: INPUTS.filter((name) => systemsFor(KIND_OF[name], index.manifest).length > 0).map((name) => ({
    name,
    datatype: 'BYTES',
    shape: [-1],
  })),
  outputs: outputMetadata(),
});
