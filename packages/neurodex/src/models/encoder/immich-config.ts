import { z } from 'zod';
import { FILTERS, type Filter } from '../../query/filter-taps.ts';
import type { Preprocessing } from '../../query/preprocessing.ts';
import { damaged, notFollowed, parseObject, type ReadPreprocessing } from './preprocessor-config.ts';

const edge = z.int().min(1).max(8192);
const colours = z.tuple([z.number(), z.number(), z.number()]);
const schema = z.looseObject({
  size: z.union([edge, z.tuple([edge, edge])]),
  mode: z.string().optional(),
  mean: colours,
  std: z.tuple([z.number().gt(0), z.number().gt(0), z.number().gt(0)]),
  interpolation: z.string(),
  resize_mode: z.string().optional(),
  fill_color: z.unknown().optional(),
});

/**
 * Reads `preprocess_cfg.json`, which OpenCLIP writes and Immich's models come with: resized by the shorter edge and cropped, or
 * squashed, as Immich does it (machine-learning/immich_ml/models/clip/visual.py).
 * @throws NeurodexError `encoder-unusable`
 */
export function readImmichConfig(text: string, name: string): ReadPreprocessing {
  const value = parseObject(text, name);
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw damaged(name, `has an impossible ${issue?.path.join('.') || 'value'}`, parsed.error);
  }
  const { size, mode = 'RGB', mean, std, interpolation, resize_mode: resizing = 'shortest' } = parsed.data;
  if (mode !== 'RGB') throw notFollowed(name, `is for pictures in ${mode}`);
  const filter = FILTERS.find((known) => known === interpolation.toLowerCase());
  if (filter === undefined) throw notFollowed(name, `asks for the interpolation ${interpolation}`);
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  if (height !== width) throw notFollowed(name, `asks for pictures of ${width} × ${height} pixels`);
  const resize = resizeOf(resizing, height);
  if (resize === undefined) throw notFollowed(name, `asks for the resize_mode ${resizing}`);
  const known = Object.keys(schema.shape);
  return {
    preprocessing: settled(resize, height, filter, { mean, std }),
    unknown: Object.keys(value).filter((key) => !known.includes(key)),
  };
}

const resizeOf = (mode: string, size: number): Preprocessing['resize'] => {
  if (mode === 'shortest') return { shortestEdge: size, ratioFirst: true };
  return mode === 'squash' ? { height: size, width: size } : undefined;
};

const settled = (
  resize: Preprocessing['resize'],
  size: number,
  filter: Filter,
  colour: Preprocessing['normalize'][number],
): Preprocessing => ({
  resize,
  filter,
  crop: { height: size, width: size },
  factor: 1 / 255,
  normalize: [colour],
});
