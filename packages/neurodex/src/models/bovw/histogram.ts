import type { Runtime } from '@neurodex/autograd';
import { NearestCentroids } from '../../clustering/nearest.ts';
import { DESCRIPTOR_LENGTH } from './parameters.ts';
import { pointsOf, type Vocabulary } from './vocabulary.ts';

/** Descriptors that are given to words at a time: few sizes, for each is a graph of its own. */
const AT_ONCE = [64, 128, 256, 512, 8192] as const;
const MOST = AT_ONCE[AT_ONCE.length - 1] ?? NaN;

/** Counts how often each visual word occurs in a picture. */
export class HistogramCounter {
  readonly vocabulary: Vocabulary;
  private readonly nearest: NearestCentroids;

  constructor(runtime: Runtime, vocabulary: Vocabulary) {
    this.vocabulary = vocabulary;
    this.nearest = new NearestCentroids(runtime, { clusters: vocabulary.size, dimensions: DESCRIPTOR_LENGTH });
  }

  /**
   * @param descriptors uint8 [n, 128] of several pictures, one after another
   * @param counts descriptors of each picture
   * @returns float32 [pictures, k]; a picture without descriptors has the zero histogram
   */
  async count(descriptors: Uint8Array, counts: readonly number[]): Promise<Float32Array> {
    const { size } = this.vocabulary;
    const labels = await this.labels(descriptors);
    const histograms = new Float32Array(counts.length * size);
    let at = 0;
    counts.forEach((count, picture) => {
      for (const end = at + count; at < end; at++) {
        const bin = picture * size + (labels[at] ?? NaN);
        histograms[bin] = (histograms[bin] ?? NaN) + 1;
      }
    });
    return histograms;
  }

  release(): Promise<void> {
    return this.nearest.release();
  }

  private async labels(descriptors: Uint8Array): Promise<Int32Array> {
    const { words, rootSift } = this.vocabulary;
    const n = descriptors.length / DESCRIPTOR_LENGTH;
    const labels = new Int32Array(n);
    for (let start = 0; start < n; start += MOST) {
      const end = Math.min(n, start + MOST);
      const padded = AT_ONCE.find((size) => size >= end - start) ?? MOST;
      const points = new Float32Array(padded * DESCRIPTOR_LENGTH);
      points.set(pointsOf(descriptors.subarray(start * DESCRIPTOR_LENGTH, end * DESCRIPTOR_LENGTH), rootSift));
      const assigned = await this.nearest.assign(points, words);
      labels.set(assigned.labels.subarray(0, end - start), start);
    }
    return labels;
  }
}
