import type { Filter } from '../../query/filter-taps.ts';

/** What an image processor of transformers does where its file is silent. */
export interface ProcessorDefaults {
  readonly size: { readonly shortest_edge: number } | { readonly height: number; readonly width: number };
  /** Whether a size that is one number is that of a square, and not of the shorter edge. */
  readonly square: boolean;
  readonly crop_size: number;
  readonly do_center_crop: boolean;
  readonly resample: Filter;
  readonly image_mean: readonly [number, number, number];
  readonly image_std: readonly [number, number, number];
  /** Whether values are divided by the standard deviation once more (EfficientNet's include_top). */
  readonly include_top: boolean;
}

const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073] as const;
const CLIP_STD = [0.26862954, 0.26130258, 0.27577711] as const;
const HALF = [0.5, 0.5, 0.5] as const;

const clip: ProcessorDefaults = {
  size: { shortest_edge: 224 },
  square: false,
  crop_size: 224,
  do_center_crop: true,
  resample: 'bicubic',
  image_mean: CLIP_MEAN,
  image_std: CLIP_STD,
  include_top: false,
};

const vit: ProcessorDefaults = {
  ...clip,
  size: { height: 224, width: 224 },
  square: true,
  do_center_crop: false,
  resample: 'bilinear',
  image_mean: HALF,
  image_std: HALF,
};

/**
 * The image processors that are followed, by the name that `image_processor_type` gives them without its ending, with the defaults
 * of transformers 5.24. They share their steps: resize, centre crop, rescale, normalise.
 */
export const PROCESSORS = {
  CLIP: clip,
  Bit: clip,
  Siglip: { ...vit, square: false, resample: 'bicubic' },
  ViT: vit,
  EfficientNet: {
    ...vit,
    size: { height: 346, width: 346 },
    crop_size: 289,
    resample: 'bicubic',
    include_top: true,
  },
} as const satisfies Readonly<Record<string, ProcessorDefaults>>;
export type ProcessorName = keyof typeof PROCESSORS;

/** `CLIPImageProcessorFast` and `CLIPFeatureExtractor` are the same processor as `CLIPImageProcessor`. */
export function processorOf(type: string): ProcessorName | undefined {
  const name = type.replace(/(ImageProcessor(Fast|Pil)?|FeatureExtractor)$/, '');
  return name !== type && Object.hasOwn(PROCESSORS, name) ? (name as ProcessorName) : undefined;
}
