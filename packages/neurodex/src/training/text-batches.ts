import { allocate, elementCount, float32, parameter, Random } from '@neurodex/autograd';
import type { ObjectiveGraph } from '../dsi/graphs/training.ts';
import type { Geometry } from '../dsi/model/geometry.ts';
import { textLoss } from '../dsi/model/text-loss.ts';
import { modelInput } from '../query/model-inputs.ts';
import type { BatchInput } from './batch-input.ts';
import { type BatchArrays, type Batches, type BatchState, samplerState } from './batches.ts';
import { EpochSampler } from './epoch-sampler.ts';
import type { AugmentedView, InputSource } from './load-batch.ts';
import { countTexts, type TextInputs, textSource } from './text-inputs.ts';

/** Texts, and the pictures that they are of. */
export interface TextPairs {
  readonly texts: TextInputs;
  /** Of each text: places of its pictures among the states, one at the least. */
  readonly pictures: readonly (readonly number[])[];
  /** Unit vectors, float32 [n, D]. */
  readonly states: Float32Array;
}

export interface TextBatchOptions {
  readonly geometry: Geometry;
  /** B, texts of a step. */
  readonly batchSize: number;
  /** By which cosines are divided. */
  readonly contrast: number;
  /** Of vectors (`VectorSource`); tokens have none. */
  readonly noise: number;
}

/** K: pictures that the texts of a step are compared with, at the most. All of them where there are no more. */
export const MOST_PICTURES = 2048;
/** Pictures of a text that are among these at the least, where it has so many. */
const OF_EACH = 4;

/** Batches of texts whose targets are pictures. Every text comes once before any does again. */
export class TextBatches implements Batches {
  readonly objective: ObjectiveGraph;
  readonly augments = false;
  readonly inputSource: InputSource;
  private readonly pairs: TextPairs;
  private readonly options: TextBatchOptions;
  private readonly sampler: EpochSampler<number>;
  private random: Random;
  /** n */
  private readonly count: number;
  /** K */
  private readonly compared: number;
  /** Texts of each picture, that many of each behind the others. */
  private readonly texts: readonly (readonly number[])[];

  constructor(pairs: TextPairs, options: TextBatchOptions, random: Random) {
    const { geometry, contrast, noise } = options;
    this.pairs = pairs;
    this.options = options;
    this.random = random;
    this.count = pairs.states.length / geometry.width;
    this.compared = Math.min(this.count, MOST_PICTURES);
    this.sampler = new EpochSampler(Array.from({ length: countTexts(pairs.texts) }, (_, text) => text));
    this.texts = inverted(pairs.pictures, this.count);
    this.inputSource = textSource(pairs.texts, geometry, noise);
    this.objective = {
      inputs: (B) => ({
        pictures: float32(this.compared, geometry.width),
        shares: float32(B, this.compared),
      }),
      loss: (parameters, inputs, own, forward) => {
        const [input, pictures] = [parameter(inputs, 'input'), parameter(inputs, 'pictures')];
        const batch = { input, pictures, shares: parameter(inputs, 'shares') };
        return textLoss(parameters, batch, contrast, own, forward);
      },
    };
  }

  get size(): number {
    return this.options.batchSize;
  }

  get state(): BatchState {
    return { random: this.random.state, samplers: { first: this.sampler.state } };
  }

  restore({ random, samplers }: BatchState): void {
    this.random = Random.restore(random);
    this.sampler.restore(samplerState(samplers, 'first'));
  }

  allocate(): BatchArrays {
    const { geometry } = this.options;
    const { width } = geometry;
    const { dtype, shape } = modelInput(geometry).type(geometry, this.size);
    return {
      input: allocate(dtype, elementCount(shape)) as BatchInput,
      targets: {
        pictures: new Float32Array(this.compared * width),
        shares: new Float32Array(this.size * this.compared),
      },
    };
  }

  draw({ targets }: Pick<BatchArrays, 'targets'>): AugmentedView[] {
    const chosen = Array.from({ length: this.size }, () => this.sampler.draw(this.random));
    const places = this.choosePictures(chosen);
    const { states } = this.pairs;
    const { width } = this.options.geometry;
    const pictures = targets.pictures as Float32Array;
    for (const [k, place] of places.entries())
      pictures.set(states.subarray(place * width, (place + 1) * width), k * width);
    this.writeShares(chosen, places, targets.shares as Float32Array);
    if (this.inputSource.input !== 'vectors') return chosen.map((row) => ({ row, view: null }));
    return chosen.map((row) => ({ row, view: null, noise: this.random.uint32() }));
  }

  /** Some pictures of each text, then others at random. */
  private choosePictures(chosen: readonly number[]): number[] {
    if (this.compared === this.count) return Array.from({ length: this.count }, (_, place) => place);
    const places = new Set<number>();
    for (const text of chosen) {
      const own = this.pairs.pictures[text] ?? [];
      for (let i = 0; i < Math.min(OF_EACH, own.length) && places.size < this.compared; i++) {
        const at = own.length <= OF_EACH ? i : this.random.integer(own.length);
        places.add(own[at] ?? NaN);
      }
    }
    while (places.size < this.compared) places.add(this.random.integer(this.count));
    return [...places];
  }

  private writeShares(chosen: readonly number[], places: readonly number[], shares: Float32Array): void {
    shares.fill(0);
    const rows = new Map<number, number[]>();
    for (const [i, text] of chosen.entries()) {
      const known = rows.get(text);
      if (known === undefined) rows.set(text, [i]);
      else known.push(i);
    }
    const counts = new Float64Array(chosen.length);
    const K = places.length;
    for (const [k, place] of places.entries()) {
      for (const text of this.texts[place] ?? []) {
        for (const i of rows.get(text) ?? []) {
          shares[i * K + k] = 1;
          counts[i] = (counts[i] ?? NaN) + 1;
        }
      }
    }
    for (let at = 0; at < shares.length; at++) {
      if (shares[at] === 1) shares[at] = 1 / (counts[Math.floor(at / K)] ?? NaN);
    }
  }
}

/** The texts of each picture. @param count pictures */
function inverted(pictures: readonly (readonly number[])[], count: number): number[][] {
  const texts = Array.from({ length: count }, (): number[] => []);
  for (const [text, own] of pictures.entries()) for (const place of own) texts[place]?.push(text);
  return texts;
}
