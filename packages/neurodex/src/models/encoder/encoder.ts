import type { DeclaredValue, OpenedModel, Runtime, ShapedArray } from '@neurodex/autograd';
import { pictureBytes } from '@neurodex/datasets/picture';
import type { Config } from '../../config.ts';
import { inputValues } from '../../query/preprocess.ts';
import type { Preprocessing } from '../../query/preprocessing.ts';
import { openForeignModel } from './open-model.ts';
import { ENCODERS, type EncoderDefaults } from './presets.ts';
import { edgeOfPreprocessing, normalisationOf, refuseOtherSize } from './settle-preprocessing.ts';
import { unusable } from './unusable.ts';

/** How an encoder is fed and read, settled. */
export interface EncoderSettings {
  readonly input: string;
  readonly output: string;
  /** Edge of the square picture that it takes, in pixels. */
  readonly size: number;
  /** Of red, green and blue; of no meaning for an input of bytes. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** How a picture becomes its input, where the encoder came with that; then `mean` and `std` are only told. */
  readonly preprocessing?: Preprocessing | undefined;
}

/** What is known of an encoder beside its ONNX file and the configuration. */
export interface EncoderSource {
  /** The output that is an embedding; the first by default. */
  readonly output?: string | undefined;
  readonly preprocessing?: Preprocessing | undefined;
}

/** Settings, and what comes out: float32 [B, P, C]. */
export interface EncoderFacts extends EncoderSettings {
  /** P; 1 for a pooled vector. */
  readonly tokens: number;
  /** C */
  readonly channels: number;
}

/** Pictures that are encoded together, where the file does not say how many. */
const BATCH = 16;
const COLOURS = 3;
const BYTES = 256;

export interface OpenEncoderOptions {
  /** What the file is called in messages. */
  readonly name: string;
  readonly config: Config['encoder'];
  /** Edge of the pictures where neither configuration, preprocessing, preset nor file says it. */
  readonly fallbackSize: number;
  readonly source?: EncoderSource | undefined;
}

/** Where colours stand in the input: [B,3,Y,X], as PyTorch has it, or [B,Y,X,3]. */
type Layout = 'channels-first' | 'channels-last';

/** What is fed to an encoder, for those who run it elsewhere. */
export interface EncoderInput {
  readonly name: string;
  readonly dtype: 'float32' | 'uint8';
  readonly layout: Layout;
  /** Pictures at a time, where the file fixes that. */
  readonly batch: number | null;
}

/** An image encoder in a file of its own: pictures → patch tokens or one pooled vector each. */
export class Encoder {
  readonly facts: EncoderFacts;
  private readonly model: OpenedModel;
  private readonly name: string;
  private readonly bytes: boolean;
  private readonly layout: Layout;
  /** B */
  readonly batch: number;
  private readonly values: Float32Array;

  private constructor(model: OpenedModel, name: string, input: DeclaredValue, facts: EncoderFacts) {
    this.model = model;
    this.name = name;
    this.bytes = input.dtype === 'uint8';
    this.layout = layoutOf(input);
    this.batch = input.shape[0] ?? BATCH;
    this.facts = facts;
    this.values = valuesOf(facts);
  }

  /**
   * @throws NeurodexError `encoder-unusable`
   */
  static async open(
    runtime: Runtime,
    onnx: Uint8Array,
    { name, config, fallbackSize, source = {} }: OpenEncoderOptions,
  ): Promise<Encoder> {
    const model = await openForeignModel(runtime, onnx, name);
    try {
      const preset: EncoderDefaults = ENCODERS[config.preset];
      const input = onlyInput(model, config.input || preset.input, name);
      const fixed = edgeOf(input, name);
      const size =
        config.size || edgeOfPreprocessing(source.preprocessing, name) || preset.size || fixed || fallbackSize;
      refuseOtherSize(size, fixed, source.preprocessing, name);
      if (input.dtype === 'uint8' && (config.mean.length > 0 || config.std.length > 0)) {
        throw unusable(name, `takes pictures as bytes in ${input.name}, which are not normalised before`, {
          hint: 'leave encoder.mean and encoder.std empty',
        });
      }
      const settings = {
        input: input.name,
        output: outputOf(model, config.output || preset.output || source.output, name),
        size,
        ...normalisationOf(config, preset, source.preprocessing),
      };
      const unknown = new Encoder(model, name, input, { ...settings, tokens: 0, channels: 0 });
      return new Encoder(model, name, input, { ...settings, ...(await unknown.probe()) });
    } catch (error) {
      await model.release();
      throw error;
    }
  }

  /** The encoder of an index, with the settings that it was made with. @throws NeurodexError `encoder-unusable` */
  static async restore(runtime: Runtime, onnx: Uint8Array, facts: EncoderFacts, name: string): Promise<Encoder> {
    refuseOtherSize(facts.size, undefined, facts.preprocessing, name);
    const model = await openForeignModel(runtime, onnx, name);
    return new Encoder(model, name, onlyInput(model, facts.input, name), facts);
  }

  get input(): EncoderInput {
    return {
      name: this.facts.input,
      dtype: this.bytes ? 'uint8' : 'float32',
      layout: this.layout,
      batch: this.model.inputs[0]?.shape[0] ?? null,
    };
  }

  /** Numbers of one picture's embedding: P·C. */
  get length(): number {
    return this.facts.tokens * this.facts.channels;
  }

  /**
   * @param pictures uint8 [size, size, 3] each
   * @returns float32 [n, P, C]
   * @throws NeurodexError `encoder-unusable`
   */
  async embed(pictures: readonly Uint8Array[]): Promise<Float32Array> {
    let out = new Float32Array();
    for (let first = 0; first < pictures.length; first += this.batch) {
      const part = pictures.slice(first, first + this.batch);
      const { data, shape } = await this.run(part);
      this.checkShape(shape, data.length);
      if (first === 0) out = new Float32Array(pictures.length * this.length);
      // What a batch that is not full ends in is nobody's.
      out.set(data.subarray(0, part.length * this.length), first * this.length);
    }
    if (!out.every(Number.isFinite)) {
      throw unusable(this.name, `gives numbers that are not finite in ${this.facts.output}`, {
        hint: 'check encoder.mean, encoder.std and encoder.size, or take an export in float32',
      });
    }
    return out;
  }

  release(): Promise<void> {
    return this.model.release();
  }

  /** Learns from one black picture what comes out. */
  private async probe(): Promise<Pick<EncoderFacts, 'tokens' | 'channels'>> {
    const { output, size } = this.facts;
    const { shape } = await this.run([new Uint8Array(pictureBytes(size))]);
    const said = `${output} is [${shape.join(', ')}]`;
    if (shape.length !== 2 && shape.length !== 3) {
      throw unusable(this.name, `gives no embedding: ${said}`, {
        hint: `name an output of patch tokens [B, P, C] or of a pooled vector [B, C] with encoder.output; it has ${names(this.model.outputs)}`,
      });
    }
    if (shape[0] !== (this.model.inputs[0]?.shape[0] ?? 1) || shape.includes(0)) {
      throw unusable(this.name, `does not give one embedding for each picture: ${said}`, {
        hint: 'export it with the pictures along the first dimension of input and output',
      });
    }
    const [, second = NaN, third = NaN] = shape;
    return shape.length === 3 ? { tokens: second, channels: third } : { tokens: 1, channels: second };
  }

  /** An index says what comes out, and so may be wrong. */
  private checkShape(shape: readonly number[], length: number): void {
    const { tokens, channels, output } = this.facts;
    const sound = tokens === (shape.length === 3 ? shape[1] : 1) && shape.at(-1) === channels;
    if (sound && length === (shape[0] ?? 0) * this.length) return;
    throw unusable(
      this.name,
      `gives [${shape.join(', ')}] in ${output}, not ${tokens} × ${channels} numbers of each picture`,
      {
        hint: 'build the index again: it was made with another encoder',
      },
    );
  }

  /** @param pictures at most B */
  private async run(pictures: readonly Uint8Array[]): Promise<ShapedArray<Float32Array>> {
    const { input, output, size } = this.facts;
    const count = this.model.inputs[0]?.shape[0] ?? pictures.length;
    const shape = this.layout === 'channels-last' ? [count, size, size, COLOURS] : [count, COLOURS, size, size];
    try {
      return await this.model.run({ [input]: { shape, data: this.fed(pictures, count) } }, output);
    } catch (error) {
      throw unusable(this.name, `cannot be run on pictures of ${size} × ${size} pixels: ${(error as Error).message}`, {
        hint: 'check encoder.size and encoder.output',
        cause: error,
      });
    }
  }

  /** Pictures as the input takes them; black ones fill a batch of fixed size. */
  private fed(pictures: readonly Uint8Array[], count: number): Uint8Array | Float32Array {
    const { size } = this.facts;
    const length = pictureBytes(size);
    const out = this.bytes ? new Uint8Array(count * length) : new Float32Array(count * length);
    const area = size * size;
    for (const [b, pixels] of pictures.entries()) {
      if (pixels.length !== length) throw new RangeError(`a picture of ${pixels.length} bytes where ${length} are due`);
      for (let colour = 0; colour < COLOURS; colour++) {
        const [start, step] = this.layout === 'channels-last' ? [colour, COLOURS] : [colour * area, 1];
        for (let i = 0, at = b * length + start; i < area; i++, at += step) {
          const byte = pixels[i * COLOURS + colour] ?? NaN;
          out[at] = this.bytes ? byte : (this.values[colour * BYTES + byte] ?? NaN);
        }
      }
    }
    return out;
  }
}

/** The number that each byte becomes, float32 [3, 256]. */
function valuesOf({ mean, std, preprocessing }: EncoderSettings): Float32Array {
  if (preprocessing !== undefined) return inputValues(preprocessing);
  return Float32Array.from({ length: COLOURS * BYTES }, (_, i) => {
    const colour = Math.floor(i / BYTES);
    return ((i % BYTES) - 255 * (mean[colour] ?? NaN)) / (255 * (std[colour] ?? NaN));
  });
}

/** The input for pictures. An encoder has no other: nobody could say what to feed it. */
function onlyInput({ inputs }: OpenedModel, wanted: string | undefined, name: string): DeclaredValue {
  const found = wanted === undefined ? inputs[0] : inputs.find((input) => input.name === wanted);
  if (found === undefined) {
    throw unusable(name, `has no input ${wanted}; it has ${names(inputs)}`, {
      hint: `set encoder.input to one of them, or to '' with encoder.preset none`,
    });
  }
  if (inputs.length > 1) {
    throw unusable(name, `takes more than pictures: ${names(inputs)}`, {
      hint: 'take an export of the image encoder alone (vision_model.onnx)',
    });
  }
  if (found.dtype !== 'float32' && found.dtype !== 'uint8') {
    throw unusable(name, `takes ${found.dtype} in ${found.name}, where float32 or uint8 is fed`, {
      hint: 'take an export in float32 (model.onnx, not model_fp16.onnx)',
    });
  }
  if (found.shape.length !== 4 && found.shape.length !== 0) {
    throw unusable(name, `takes no pictures: ${found.name} has ${found.shape.length} dimensions, not 4`, {
      hint: 'name a model whose input is [B, 3, Y, X] or [B, Y, X, 3]',
    });
  }
  return found;
}

function outputOf({ outputs }: OpenedModel, wanted: string | undefined, name: string): string {
  const found = wanted === undefined ? outputs[0] : outputs.find((output) => output.name === wanted);
  if (found !== undefined) return found.name;
  throw unusable(name, `has no output ${wanted}; it has ${names(outputs)}`, {
    hint: 'set encoder.output to one of them',
  });
}

const layoutOf = ({ shape }: DeclaredValue): Layout =>
  shape[1] !== COLOURS && shape[3] === COLOURS ? 'channels-last' : 'channels-first';

/** The edge that the file fixes, where it does. */
function edgeOf(input: DeclaredValue, name: string): number | undefined {
  const [height, width] = layoutOf(input) === 'channels-last' ? input.shape.slice(1, 3) : input.shape.slice(2, 4);
  if (height !== width) {
    throw unusable(name, `takes pictures that are not square: ${input.name} is ${height ?? '?'} × ${width ?? '?'}`, {
      hint: 'take an export for square pictures',
    });
  }
  return height;
}

const names = (values: readonly DeclaredValue[]): string => values.map(({ name }) => name).join(', ');
