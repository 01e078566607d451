import type { Geometry } from '../dsi/model/geometry.ts';
import type { ExportedIndex } from './description.ts';
import type { ExportedEncoder } from './exported-encoder.ts';
import { closing, heading } from './readme.ts';

/** What an export holds, in words: its README.md. */
export function onnxReadme(description: ExportedIndex, k: number): string {
  const { geometry, search, encoder } = description;
  const input = inputOf(geometry, encoder);
  const { files, trie, decoding } =
    geometry.output === 'memory' ? ofMemory(geometry, input) : ofTokens(geometry, input);
  return `${heading(description)}
| file | inputs | outputs |
| --- | --- | --- |
${encoder === undefined ? '' : encoderRow(encoder)}${files}
${search.exhaustive ? `| \`search.onnx\` | ${input.cell} | \`answers\`: int32 [batch, ${k}], \`scores\`: float32 [batch, ${k}] |\n` : ''}
${trie}
  \`${encoder === undefined ? 'preprocessing' : 'encoder'}\`, how a file becomes what the model sees.
- \`search.py\` searches with the encoder and the decoder: \`pip install onnxruntime numpy pillow\`, then
  \`python search.py PICTURE…\`. \`pictures.py\` reads the pictures as Neurodex does.
${encoder === undefined ? '' : ENCODER_PROGRAM}${
  search.exhaustive
    ? `- \`search.onnx\` is the whole search in one graph: it scores every identifier and answers with the ${k} best, as positions
  in \`pictures\`, with their log-probabilities.
`
    : ''
}
${decoding} Equal scores are answered in the order of \`pictures\`.
${closing(description)}`;
}

/** What the network reads. */
interface InputWords {
  /** In a table of files. */
  readonly cell: string;
  readonly values: string;
}

const STANDARD = `All is standard ONNX (opset 20, no operators of other domains), and the weights are
in the files.`;

const inputOf = (
  { imageSize: size, sequenceLength, channels = 0 }: Geometry,
  encoder: ExportedEncoder | undefined,
): InputWords =>
  encoder === undefined
    ? {
        cell: `\`pictures\`: uint8 [batch, ${size}, ${size}, 3]`,
        values: `${STANDARD} Pixels go in as they are: red, green, blue, 0 to 255.`,
      }
    : {
        cell: `\`embeddings\`: float32 [batch, ${sequenceLength}, ${channels}]`,
        values: `${STANDARD} That holds for all models but \`${encoder.file}\`, which is as it was found and runs
in ONNX Runtime. Its embeddings go in as they come out.`,
      };

function encoderRow({ file, input, output }: ExportedEncoder): string {
  const { name, dtype, layout, batch, size } = input;
  const shape = layout === 'channels-first' ? [3, size, size] : [size, size, 3];
  const { tokens, channels } = output;
  const out = tokens === 1 ? `${channels}] or [batch, 1, ${channels}` : `${tokens}, ${channels}`;
  return `| \`${file}\` | \`${name}\`: ${dtype} [${[batch ?? 'batch', ...shape].join(', ')}] | \`${output.name}\`: float32 [batch, ${out}] |\n`;
}

const ENCODER_PROGRAM = `- \`image_encoder.py\` makes the embedding of a picture: it resizes and normalises the picture with Pillow as \`encoder\` in
  \`description.json\` says, and runs the image encoder. \`preprocessing\` has the steps, in their order: \`resize\` with \`filter\`, \`crop\`,
  times \`factor\`, plus \`offset\`, \`normalize\`. Where it is null, \`square\` has them: the centre square, then mean and standard deviation.
`;

/** What the READMEs of the two kinds of networks do not share. */
interface OwnWords {
  /** Rows of the table of files. */
  readonly files: string;
  /** The sizes that are free, and the first of the list: `description.json`. */
  readonly trie: string;
  /** How the decoder is used. */
  readonly decoding: string;
}

function ofTokens(
  { sequenceLength: patches, width, layers, vocabulary }: Geometry,
  { cell, values }: InputWords,
): OwnWords {
  const memory = `\`keys0\`, \`values0\` … \`keys${layers - 1}\`, \`values${layers - 1}\``;
  return {
    files: `| \`encoder_model.onnx\` | ${cell} | ${memory}: float32 [${patches}, batch, ${width}] |
| \`decoder_model.onnx\` | those, and \`tokens\`: int32 [positions, batch], \`positions\`: int32 [positions], \`mask\`: float32 [positions, ${patches} + positions] | \`logits\` of the token after each position: float32 [positions, batch, ${vocabulary}] |`,
    trie: `\`batch\` and \`positions\` are free: as many as are fed. ${values}

- \`description.json\` names the answers: \`pictures\` in order, with their identifiers and labels; \`trie\`, the identifiers as a tree in
  flat arrays (a node's token, the row of the network's tables that embeds its prefix, its parent, and at a leaf the position in
  \`pictures\`);`,
    decoding: `Each position holds one node of the trie: \`tokens\` is its entry in \`rows\`, \`positions\` is ${patches} plus the place of its token in the
identifier, from 0. \`mask\` is added to the attention scores: its first ${patches} columns are the patches of the picture (0: attended
to), the others the positions; 0 where position i attends to position j, −1e9 where not. A position attends to itself and to the tokens
before it in its own identifier, so that any number of identifiers can be decoded together. The logits of a position become probabilities by a
softmax over the tokens that the trie allows there; the score of an identifier is the sum of their logarithms, and a node with
one child costs nothing.`,
  };
}

function ofMemory({ width }: Geometry, { cell, values }: InputWords): OwnWords {
  return {
    files: `| \`encoder_model.onnx\` | ${cell} | \`states\`: unit vectors, float32 [batch, ${width}] |
| \`decoder_model.onnx\` | those, and \`rows\`: int32 [batch, n] | \`logits\` of each row: float32 [batch, n] |`,
    trie: `\`batch\` and \`n\` are free: as many as are fed. ${values}

- \`description.json\` names the answers: \`pictures\` in order, with their identifiers and labels; \`trie\`, the identifiers as a tree in
  flat arrays (a node's token, the row of the memory that stands for it, its parent, and at a leaf the position in \`pictures\`);
  \`memory\`, its temperature τ, and the squared norm of each node's row;`,
    decoding: `The network has a memory: the row of an identifier is the state of its picture, and the row of a shorter prefix is the mean state
of the n pictures behind it. The decoder compares the states of queries with rows: a logit is τ·row·state. The score of an
identifier is its logit less the logarithm of the sum of exp(logit) over all identifiers. A beam takes the children of a few
prefixes at each depth, those for which 2·row·state − ‖row‖² is largest. For each of the other prefixes the sum is estimated:
n·exp(logit + a²/2) with a = τ·√((1 − ‖row‖²)·(1 − cos²)/${width - 1}), cos that of row and state, or exp(logit + a·c) where a is above c = √(2·ln n).`,
  };
}
