import { VERSION } from '../../version.ts';
import type { ModelMetadata, ServerMetadata } from '../api/inference-schemas.ts';
import type { Hosted } from '../hosted.ts';
import { outputMetadata } from './outputs.ts';
import { INPUTS, type InputName } from './queries.ts';

export const serverMetadata = (): ServerMetadata => ({
  name: 'neurodex',
  version: VERSION,
  extensions: ['binary_tensor_data', 'parameters'],
});

/** The kind of query that an input is. */
export const KIND_OF = { image: 'picture', text: 'text' } as const satisfies Readonly<Record<InputName, string>>;

export const modelMetadata = (hosted: Hosted): ModelMetadata => ({
  name: hosted.id,
  versions: [hosted.card.version],
  platform: 'neurodex_index',
  inputs: INPUTS.filter((name) => hosted.systemsFor(KIND_OF[name]).length > 0).map((name) => ({
    name,
    datatype: 'BYTES',
    shape: [-1],
  })),
  outputs: outputMetadata(),
});
