import type { HostArray, NamedTensors, ParameterSpecs, Tensor, TensorType } from '@neurodex/autograd';
import type { Config } from '../config.ts';
import type { PictureQuery } from './query.ts';

/** What the network can read of a query. */
export const MODEL_INPUT_NAMES = ['pixels', 'embeddings', 'tokens'] as const;
export type ModelInputName = (typeof MODEL_INPUT_NAMES)[number];

/** The sizes that shape an input, a part of `Geometry`. */
export interface InputGeometry {
  readonly input: ModelInputName;
  /** Y = X, pixels. */
  readonly imageSize: number;
  readonly patchSize: number;
  /** How pixels become patches; without meaning for other inputs. */
  readonly stem: Config['model']['stem'];
  /** Along the edge of a patch, for stems of windows: 2 unless it is said. */
  readonly windows?: number | undefined;
  /** C, numbers of each embedding; of `embeddings` alone. */
  readonly channels?: number | undefined;
  /** Ids of the tokenizer; of `tokens` alone. */
  readonly textVocabulary?: number | undefined;
  /** P: patches of a picture, tokens of an encoder, or the most tokens of a text that are read. */
  readonly sequenceLength: number;
  /** D */
  readonly width: number;
}

/** An encoder of which the network reads the embeddings; it is not trained. */
export interface FrozenBackbone {
  /** @returns float32 [n,P,C] @throws NeurodexError `encoder-unusable` */
  embed(queries: readonly PictureQuery[]): Promise<Float32Array>;
}

/** How patches lie in a picture: side × side of them, after `first` tokens that belong to no place. */
export interface PatchGrid {
  readonly side: number;
  readonly first: number;
}

/** All that distinguishes what the network can read: in the graph, and from a query to the graph. */
export interface ModelInput {
  /** What graphs for other programs call it. */
  readonly tensor: string;
  /** Whether an encoder has to stand in front of the network. */
  readonly needsBackbone: boolean;
  /** Whether the sizes of an input fit each other. */
  isSound(geometry: InputGeometry): boolean;
  /** Type of B inputs, batch first. */
  type(geometry: InputGeometry, batch: number): TensorType;
  /** Parameters of `embed`, by name. */
  parameters(geometry: InputGeometry): ParameterSpecs;
  /** Inputs of `type` → the sequence that the blocks read, [P,B,D]. */
  embed(parameters: NamedTensors, input: Tensor, geometry: InputGeometry): Tensor;
  /** Where the sequence lies in a picture; undefined where it lies nowhere: a pooled vector, or tokens that are no square. */
  grid(geometry: InputGeometry): PatchGrid | undefined;
}

/** An input that is made of pictures. */
export interface PictureInput extends ModelInput {
  /** Queries as values of `type`; a batch that is not full ends in zeros. */
  feed(
    queries: readonly PictureQuery[],
    batch: number,
    geometry: InputGeometry,
    backbone: FrozenBackbone | undefined,
  ): Promise<HostArray>;
}
