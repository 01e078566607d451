import { encodeModel, type OnnxModel } from '@neurodex/autograd';

type Node = OnnxModel['nodes'][number];
type Tensor = OnnxModel['initializers'][number];

/** A weight: float32 of a shape. */
export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface BertConfig {
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly hidden_size: number;
  readonly layer_norm_eps: number;
}

/**
 * BERT (Devlin et al. 2019) as an ONNX model: `input_ids`, `attention_mask` and `token_type_ids` int64 [B,T] → `last_hidden_state`
 * float32 [B,T,C]. Each block is self-attention and a feed-forward network with GELU, with the sum normalised behind each.
 * @param weights by their names in transformers' BertModel
 */
export function bertOnnx(weights: Readonly<Record<string, Weight>>, config: BertConfig): Uint8Array {
  const writer = new BertWriter(weights, config);
  let states = writer.embed();
  for (let layer = 0; layer < config.num_hidden_layers; layer++)
    states = writer.block(states, `encoder.layer.${layer}`);
  writer.node('Identity', [states], {}, 'last_hidden_state');
  const integers = (name: string) => ({ name, dtype: 'int64' as const, shape: ['batch', 'tokens'] });
  return encodeModel({
    name: 'bert',
    nodes: writer.nodes,
    initializers: writer.initializers,
    inputs: ['input_ids', 'attention_mask', 'token_type_ids'].map(integers),
    outputs: [{ name: 'last_hidden_state', dtype: 'float32', shape: ['batch', 'tokens', config.hidden_size] }],
    metadata: {},
  });
}

class BertWriter {
  readonly nodes: Node[] = [];
  readonly initializers: Tensor[] = [];
  private readonly weights: Readonly<Record<string, Weight>>;
  private readonly config: BertConfig;
  private named = 0;

  constructor(weights: Readonly<Record<string, Weight>>, config: BertConfig) {
    this.weights = weights;
    this.config = config;
  }

  node(
    opType: string,
    inputs: readonly string[],
    attributes: Node['attributes'] = {},
    output = `v${this.named++}`,
  ): string {
    this.nodes.push({ opType, domain: '', inputs, outputs: [output], attributes });
    return output;
  }

  /** Words, places and sentences, added; and what hides padding from attention, [B,1,1,T]. */
  embed(): string {
    const one = this.integers('one', [1]);
    const length = this.node('Slice', [this.node('Shape', ['input_ids']), one, this.integers('two', [2])]);
    const places = this.weight('embeddings.position_embeddings.weight');
    const parts = [
      this.node('Gather', [this.weight('embeddings.word_embeddings.weight'), 'input_ids']),
      this.node('Gather', [this.weight('embeddings.token_type_embeddings.weight'), 'token_type_ids']),
      this.node('Slice', [places, this.integers('zero', [0]), length, this.integers('axis0', [0])]),
    ];
    const [words = '', types = '', at = ''] = parts;
    const mask = this.node('Cast', ['attention_mask'], { to: 1 });
    const hidden = this.node('Sub', [mask, this.floats('ones', [1])]);
    const wide = this.node('Unsqueeze', [hidden, this.integers('middle', [1, 2])]);
    this.node('Mul', [wide, this.floats('far', [1e9])], {}, 'mask');
    return this.norm(this.node('Add', [this.node('Add', [words, types]), at]), 'embeddings.LayerNorm');
  }

  block(states: string, name: string): string {
    const { num_attention_heads: heads, hidden_size: width } = this.config;
    const shape = this.integers('heads', [0, 0, heads, width / heads]);
    const part = (which: string, perm: readonly number[]) => {
      const made = this.linear(states, `${name}.attention.self.${which}`);
      return this.node('Transpose', [this.node('Reshape', [made, shape])], { perm });
    };
    const product = this.node('MatMul', [part('query', [0, 2, 1, 3]), part('key', [0, 2, 3, 1])]);
    const scaled = this.node('Mul', [product, this.floats('scale', [1 / Math.sqrt(width / heads)])]);
    const shares = this.node('Softmax', [this.node('Add', [scaled, 'mask'])]);
    const seen = this.node('MatMul', [shares, part('value', [0, 2, 1, 3])]);
    const joined = this.node('Reshape', [
      this.node('Transpose', [seen], { perm: [0, 2, 1, 3] }),
      this.integers('joined', [0, 0, width]),
    ]);
    const attended = this.node('Add', [states, this.linear(joined, `${name}.attention.output.dense`)]);
    const first = this.norm(attended, `${name}.attention.output.LayerNorm`);
    const inner = this.node('Gelu', [this.linear(first, `${name}.intermediate.dense`)]);
    return this.norm(this.node('Add', [first, this.linear(inner, `${name}.output.dense`)]), `${name}.output.LayerNorm`);
  }

  private norm(input: string, name: string): string {
    const parts = [this.weight(`${name}.weight`), this.weight(`${name}.bias`)];
    return this.node('LayerNormalization', [input, ...parts], { epsilon: { float: this.config.layer_norm_eps } });
  }

  private linear(input: string, name: string): string {
    const product = this.node('MatMul', [input, this.weight(`${name}.weight`, true)]);
    return this.node('Add', [product, this.weight(`${name}.bias`)]);
  }

  /** @param turned a matrix as ONNX multiplies it: PyTorch keeps [out, in] */
  private weight(name: string, turned = false): string {
    const weight = this.weights[name];
    if (weight === undefined) throw new RangeError(`there is no weight ${name}`);
    const [rows = NaN, columns = NaN] = weight.shape;
    const data = turned ? new Float32Array(weight.data.length) : weight.data;
    if (turned) {
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++) data[c * rows + r] = weight.data[r * columns + c] ?? NaN;
    }
    return this.constant({ name, dtype: 'float32', shape: turned ? [columns, rows] : [...weight.shape], data });
  }

  private integers(name: string, values: readonly number[]): string {
    return this.constant({ name, dtype: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) });
  }

  private floats(name: string, values: readonly number[]): string {
    return this.constant({ name, dtype: 'float32', shape: [values.length], data: Float32Array.from(values) });
  }

  private constant(tensor: Tensor): string {
    if (this.initializers.every(({ name }) => name !== tensor.name)) this.initializers.push(tensor);
    return tensor.name;
  }
}
