import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { extractSubgraph, type GraphInterface, graphInterface } from '@neurodex/autograd';
import { refuseSpecialFile } from '@neurodex/core/storage';
import { readImmichConfig } from './immich-config.ts';
import { type ReadPreprocessing, readPreprocessorConfig } from './preprocessor-config.ts';
import { unusable } from './unusable.ts';

/** The part of a model that one tower is. */
export interface Tower {
  /** ONNX model of this tower alone. */
  readonly onnx: Uint8Array;
  /** The output that is an embedding; undefined where only the first one can be meant. */
  readonly output: string | undefined;
}

/** A tower for texts, which is read when it is wanted: it may be larger than all the rest. */
export interface TextTower {
  readonly file: string;
  /** Path of its tokenizer.json. */
  readonly tokenizer: string;
  /** @throws NeurodexError `encoder-unusable`, also where its vectors have another length than those of pictures */
  read(): Promise<Tower>;
}

/** What a file or folder holds of an encoder. */
export interface Towers {
  readonly vision: Tower & { readonly file: string };
  /** Of its folder; a file alone has none. */
  readonly preprocessing: ReadPreprocessing | undefined;
  readonly text: TextTower | undefined;
  /** What lies there and is not used, in words. */
  readonly notes: readonly string[];
}

/** Where the files of a layout lie in a folder. */
interface Layout {
  readonly vision: readonly string[];
  readonly text: readonly string[];
  readonly tokenizer: readonly string[];
  readonly config: string;
  readonly read: (text: string, name: string) => ReadPreprocessing;
}

const LAYOUTS: readonly Layout[] = [
  {
    // transformers.js and Optimum; one model may hold both towers.
    vision: ['onnx/vision_model.onnx', 'vision_model.onnx', 'onnx/model.onnx', 'model.onnx'],
    text: ['onnx/text_model.onnx', 'text_model.onnx'],
    tokenizer: ['tokenizer.json'],
    config: 'preprocessor_config.json',
    read: readPreprocessorConfig,
  },
  {
    // Immich
    vision: ['visual/model.onnx'],
    text: ['textual/model.onnx'],
    tokenizer: ['textual/tokenizer.json', 'tokenizer.json'],
    config: 'visual/preprocess_cfg.json',
    read: readImmichConfig,
  },
];

/** Where text towers lie in a folder. */
export const TEXT_TOWERS: readonly string[] = LAYOUTS.flatMap(({ text }) => text);

/** Whether a folder holds a text tower that can be used: one with a tokenizer. What one file holds of both is known when it is read. */
export const hasTextTower = (folder: string): boolean =>
  LAYOUTS.some(({ text, tokenizer }) =>
    [text, tokenizer].every((places) => places.some((place) => existsSync(join(folder, place)))),
  );

const PICTURES = 'pixel_values';
const TOKENS = 'input_ids';
const VISION_OUTPUTS = ['image_embeds', 'pooler_output'];
const TEXT_OUTPUTS = ['text_embeds', 'pooler_output'];

/**
 * The towers of an encoder in a folder (the layouts of transformers.js, Optimum and Immich), or in an ONNX file that may hold both.
 * @param path of a folder without an index, or of a file
 * @throws NeurodexError `encoder-unusable`
 */
export async function towersOf(path: string): Promise<Towers> {
  await refuseSpecialFile(path, 'encoder-unusable');
  const layout = LAYOUTS.find(({ vision, text }) => [...vision, ...text].some((file) => existsSync(join(path, file))));
  if (layout === undefined) return await towersOfFile(path);
  const found = (files: readonly string[]): string | undefined =>
    files.map((file) => join(path, file)).find((file) => existsSync(file));
  const vision = found(layout.vision);
  if (vision === undefined) {
    throw unusable(path, `holds a text tower (${found(layout.text)}) and no image tower`, {
      hint: `put its image tower beside it, as ${layout.vision[0]}`,
    });
  }
  const config = found([layout.config]);
  const preprocessing = config === undefined ? undefined : layout.read(await readText(config), config);
  return await settled({ vision, preprocessing, text: found(layout.text), tokenizer: found(layout.tokenizer) });
}

/** A file alone: how its pictures are preprocessed is left to the configuration. */
async function towersOfFile(file: string): Promise<Towers> {
  const tokenizer = join(dirname(file), 'tokenizer.json');
  return await settled({
    vision: file,
    preprocessing: undefined,
    text: undefined,
    tokenizer: existsSync(tokenizer) ? tokenizer : undefined,
  });
}

interface Files {
  readonly vision: string;
  readonly preprocessing: ReadPreprocessing | undefined;
  /** Of the text tower, where it has a file of its own. */
  readonly text: string | undefined;
  readonly tokenizer: string | undefined;
}

async function settled({ vision: file, preprocessing, text: ownText, tokenizer }: Files): Promise<Towers> {
  const whole = await readOnnx(file);
  const all = interfaceOf(whole, file);
  const both = [PICTURES, TOKENS].every((name) => all.inputs.some((input) => input.name === name));
  const textFile = ownText ?? (both ? file : undefined);
  const output = chosen(all, VISION_OUTPUTS.slice(0, textFile === undefined ? 1 : 2));
  const vision = both ? part(whole, output, file) : { onnx: whole, output };
  const seen = interfaceOf(vision.onnx, file);
  const notes =
    textFile !== undefined && tokenizer === undefined
      ? [`the text tower in ${textFile} is not used: there is no tokenizer.json beside it`]
      : [];
  const read = async (from: string): Promise<Tower> => {
    const onnx = ownText === undefined ? whole : await readOnnx(from);
    const values = interfaceOf(onnx, from);
    const embedding = chosen(values, TEXT_OUTPUTS);
    refuseOtherWidth(width(seen, vision.output), width(values, embedding), from);
    return both && ownText === undefined ? part(onnx, embedding, from) : { onnx, output: embedding };
  };
  return {
    vision: { ...vision, file },
    preprocessing,
    text:
      textFile === undefined || tokenizer === undefined
        ? undefined
        : { file: textFile, tokenizer, read: () => read(textFile) },
    notes,
  };
}

const chosen = ({ outputs }: GraphInterface, names: readonly string[]): string | undefined =>
  names.find((name) => outputs.some((output) => output.name === name));

/** One tower of a model that has two. */
function part(onnx: Uint8Array, output: string | undefined, file: string): Tower {
  if (output !== undefined) return { onnx: extractSubgraph(onnx, [output]), output };
  throw unusable(file, `takes pictures and text, and has no output ${VISION_OUTPUTS[0]} and ${TEXT_OUTPUTS[0]}`, {
    hint: 'take an export of the image encoder alone (vision_model.onnx)',
  });
}

/** Numbers of an embedding, where the file says it. */
const width = ({ outputs }: GraphInterface, output: string | undefined): number | undefined =>
  (output === undefined ? outputs[0] : outputs.find(({ name }) => name === output))?.shape.at(-1);

/**
 * Vectors of two lengths cannot be compared.
 * @param pictures numbers of a picture's vector @param texts of a text's; undefined where a file leaves it open
 * @throws NeurodexError `encoder-unusable`
 */
export function refuseOtherWidth(pictures: number | undefined, texts: number | undefined, file: string): void {
  if (pictures === undefined || texts === undefined || pictures === texts) return;
  throw unusable(file, `gives ${texts} numbers for a text, and its image tower ${pictures} for a picture`, {
    hint: 'take both towers from one model',
  });
}

/** @throws NeurodexError `encoder-unusable` */
function interfaceOf(onnx: Uint8Array, file: string): GraphInterface {
  try {
    return graphInterface(onnx);
  } catch (error) {
    throw unusable(file, `is not an ONNX model that can be run: ${(error as Error).message}`, {
      hint: HINT,
      cause: error,
    });
  }
}

const HINT = 'name an ONNX file, a folder of one, or the folder of an index, with --encoder or --set encoder.file=…';

const KNOWN: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  EISDIR: `is a folder without ${LAYOUTS.map(({ vision }) => vision[0]).join(' or ')}`,
  ERR_FS_FILE_TOO_LARGE: 'has more than 2 GiB, which ONNX files cannot have in one piece',
};

async function readOnnx(file: string): Promise<Uint8Array> {
  await refuseSpecialFile(file, 'encoder-unusable');
  try {
    return await readFile(file);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw unusable(file, KNOWN[code] ?? `cannot be read (${code})`, { hint: HINT, cause: error });
  }
}

async function readText(file: string): Promise<string> {
  await refuseSpecialFile(file, 'encoder-unusable');
  return await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw unusable(file, `cannot be read (${error.code})`, { hint: 'make it readable', cause: error });
  });
}
