import { defined } from '@neurodex/core';
import type { Config } from '../../config.ts';
import { outputSize } from '../../query/output-size.ts';
import type { Preprocessing } from '../../query/preprocessing.ts';
import type { EncoderDefaults } from './presets.ts';
import { unusable } from './unusable.ts';

/** The edge of what preprocessing makes of a picture; undefined without one. @throws NeurodexError `encoder-unusable` */
export function edgeOfPreprocessing(preprocessing: Preprocessing | undefined, name: string): number | undefined {
  if (preprocessing === undefined) return undefined;
  const size = outputSize(preprocessing);
  if (size !== undefined && size.width === size.height) return size.width;
  const what = size === undefined ? 'of any shape' : `of ${size.width} × ${size.height} pixels`;
  throw unusable(name, `comes with preprocessing that makes pictures ${what}, and only square ones can be encoded`, {
    hint: 'name the ONNX file alone, with encoder.size, encoder.mean and encoder.std',
  });
}

/** @param size that pictures would have @param fixed by the file @throws NeurodexError `encoder-unusable` */
export function refuseOtherSize(
  size: number,
  fixed: number | undefined,
  preprocessing: Preprocessing | undefined,
  name: string,
): void {
  if (fixed !== undefined && size !== fixed) {
    throw unusable(name, `takes pictures of ${fixed} × ${fixed} pixels, not of ${size} × ${size}`, {
      hint: `set encoder.size to ${fixed}, or to 0 with encoder.preset none`,
    });
  }
  const made = edgeOfPreprocessing(preprocessing, name);
  if (made === undefined || made === size) return;
  throw unusable(name, `comes with preprocessing for pictures of ${made} pixels, not of ${size}`, {
    hint: 'set encoder.size to 0, or name the ONNX file alone',
  });
}

/** Mean and standard deviation: those of the configuration, else of the preprocessing, else of the preset. */
export function normalisationOf(
  config: Config['encoder'],
  preset: EncoderDefaults,
  preprocessing: Preprocessing | undefined,
): { mean: readonly number[]; std: readonly number[]; preprocessing?: Preprocessing } {
  const own =
    preprocessing === undefined ? preset : (preprocessing.normalize[0] ?? { mean: [0, 0, 0], std: [1, 1, 1] });
  const mean = config.mean.length > 0 ? config.mean : own.mean;
  const std = config.std.length > 0 ? config.std : own.std;
  if (preprocessing === undefined) return { mean, std };
  const isOwn = config.mean.length + config.std.length > 0;
  const normalize = isOwn ? [{ mean: three(mean), std: three(std) }] : preprocessing.normalize;
  return { mean, std, preprocessing: { ...preprocessing, normalize } };
}

const three = (values: readonly number[]): [number, number, number] => [
  defined(values[0], 'a value for red'),
  defined(values[1], 'a value for green'),
  defined(values[2], 'a value for blue'),
];
