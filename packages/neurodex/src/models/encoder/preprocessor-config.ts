import { z } from 'zod';
import { FILTERS } from '../../query/filter-taps.ts';
import { type Preprocessing, preprocessingSchema } from '../../query/preprocessing.ts';
import { PROCESSORS, type ProcessorDefaults, processorOf } from './image-processors.ts';
import { unusableFile } from './unusable.ts';

/** What a file of preprocessing says, and what it says beside that nobody here knows. */
export interface ReadPreprocessing {
  readonly preprocessing: Preprocessing;
  /** Keys that were not used. */
  readonly unknown: readonly string[];
}

const edge = z.int().min(1).max(8192);
const box = z.strictObject({ height: edge, width: edge });
const square = z.union([edge, z.tuple([edge, edge]), box]);
const size = z.union([square, z.strictObject({ shortest_edge: edge })]);
const perColour = z.union([z.number(), z.tuple([z.number(), z.number(), z.number()])]);
const flag = z.boolean();

const KEYS = {
  image_processor_type: z.string(),
  feature_extractor_type: z.string(),
  do_resize: flag,
  size,
  resample: z
    .int()
    .min(0)
    .max(FILTERS.length - 1),
  do_center_crop: flag,
  crop_size: square,
  do_rescale: flag,
  rescale_factor: z.number().refine((factor) => factor !== 0),
  rescale_offset: flag,
  do_normalize: flag,
  image_mean: perColour,
  image_std: z.union([z.number().gt(0), z.tuple([z.number().gt(0), z.number().gt(0), z.number().gt(0)])]),
  include_top: flag,
  default_to_square: flag,
} as const;
type Keys = { readonly [K in keyof typeof KEYS]?: z.infer<(typeof KEYS)[K]> };

/** Keys of one processor alone. */
const EFFICIENT_NET: readonly string[] = ['rescale_offset', 'include_top'];
/** Keys of no effect: every picture is RGB here, and the order of the numbers is the encoder's. */
const WITHOUT_EFFECT: readonly string[] = [
  ...['processor_class', 'do_convert_rgb', '_valid_processor_keys', 'data_format', 'input_data_format', 'device'],
  ...['return_tensors', 'disable_grouping', 'image_seq_length', 'pad_size'],
];
/** Keys that change pixels in a way that is not followed here, unless they are off. */
const NOT_FOLLOWED: readonly string[] = [
  ...['auto_map', 'crop_pct', 'do_flip_channel_order', 'do_thumbnail', 'do_align_long_axis', 'do_pad', 'reducing_gap'],
  ...['use_square_size', 'max_num_patches', 'size_divisor'],
];

/**
 * Reads `preprocessor_config.json`, as transformers writes it for its image processors.
 * @param name of the file in messages
 * @throws NeurodexError `encoder-unusable` for a file that is damaged, or asks for steps that are not followed here
 */
export function readPreprocessorConfig(text: string, name: string): ReadPreprocessing {
  const config = parseObject(text, name);
  const refused = NOT_FOLLOWED.find((key) => isOn(config[key]));
  if (refused !== undefined) throw notFollowed(name, `asks for ${refused}`);
  const known = checked(config, name);
  const type = known.image_processor_type ?? known.feature_extractor_type;
  if (type === undefined) throw notFollowed(name, 'does not say which image processor it is for');
  const processor = processorOf(type);
  if (processor === undefined) throw notFollowed(name, `is for the image processor ${type}`);
  const foreign = processor === 'EfficientNet' ? [] : EFFICIENT_NET;
  const listed = [...Object.keys(KEYS), ...WITHOUT_EFFECT].filter((key) => !foreign.includes(key));
  const unknown = Object.keys(config).filter((key) => !listed.includes(key) && isOn(config[key]));
  const { rescale_offset: _, include_top: __, ...shared } = known;
  return { preprocessing: settled(foreign.length === 0 ? known : shared, PROCESSORS[processor]), unknown };
}

const isOn = (value: unknown): boolean => value !== undefined && value !== null && value !== false;

export function parseObject(text: string, name: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(name, 'is not JSON', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged(name, 'is no JSON object');
  return value as Readonly<Record<string, unknown>>;
}

/** The keys that count, each of the type that it must have; null is as good as nothing. */
function checked(config: Readonly<Record<string, unknown>>, name: string): Keys {
  const known: Record<string, unknown> = {};
  for (const [key, type] of Object.entries(KEYS)) {
    if (config[key] === undefined || config[key] === null) continue;
    const parsed = type.safeParse(config[key]);
    if (!parsed.success) throw damaged(name, `has an impossible ${key}: ${JSON.stringify(config[key])}`, parsed.error);
    known[key] = parsed.data;
  }
  return known;
}

const three = (value: number | readonly number[]): [number, number, number] => {
  const [red = NaN, green = NaN, blue = NaN] = typeof value === 'number' ? [value, value, value] : value;
  return [red, green, blue];
};

/** What is resized to, or cropped to, in the form of a `Preprocessing`. */
function sizeOf(value: NonNullable<Keys['size']> | ProcessorDefaults['size'], square: boolean) {
  if (typeof value === 'number') return square ? { height: value, width: value } : { shortestEdge: value };
  if ('shortest_edge' in value) return { shortestEdge: value.shortest_edge };
  if ('height' in value) return { height: value.height, width: value.width };
  return { height: value[0], width: value[1] };
}

function settled(keys: Keys, defaults: ProcessorDefaults): Preprocessing {
  const { do_resize = true, do_center_crop = defaults.do_center_crop, do_rescale = true, do_normalize = true } = keys;
  const std = three(keys.image_std ?? defaults.image_std);
  const mean = three(keys.image_mean ?? defaults.image_mean);
  const crop = sizeOf(keys.crop_size ?? defaults.crop_size, true);
  return preprocessingSchema.parse({
    ...(do_resize ? { resize: sizeOf(keys.size ?? defaults.size, keys.default_to_square ?? defaults.square) } : {}),
    filter: keys.resample === undefined ? defaults.resample : FILTERS[keys.resample],
    ...(do_center_crop ? { crop } : {}),
    factor: do_rescale ? (keys.rescale_factor ?? 1 / 255) : 1,
    ...(do_rescale && keys.rescale_offset ? { offset: -1 } : {}),
    normalize: [
      ...(do_normalize ? [{ mean, std }] : []),
      ...((keys.include_top ?? defaults.include_top) ? [{ mean: [0, 0, 0], std }] : []),
    ],
  } satisfies { [K in keyof Preprocessing]?: unknown });
}

export const damaged = (name: string, what: string, cause: unknown = undefined) =>
  unusableFile(name, what, { hint: 'take the file from the source of the encoder again', cause });

export const notFollowed = (name: string, what: string) =>
  unusableFile(name, `${what}, which is not followed here`, {
    hint: `known are ${Object.keys(PROCESSORS).join(', ')} with resize, centre crop, rescale and normalise; or name the ONNX file alone, with encoder.size, encoder.mean and encoder.std`,
  });
