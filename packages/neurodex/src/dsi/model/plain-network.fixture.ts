import type { Geometry } from './geometry.ts';

/*
 * The ViT-DSI once more in plain TypeScript and float64, one whole attention matrix over patches and tokens: slow, and
 * nothing shared with network.ts, so that the two can be compared. Linear stem and sinusoidal positions only.
 */

type Matrix = number[][];
type Weights = (name: string) => { readonly shape: readonly number[]; readonly data: readonly number[] };

export interface PlainStates {
  /** What the head reads of the tokens, [M, D]. */
  readonly states: Matrix;
  /** Per block the mean over heads, [P+M, P+M]. */
  readonly attention: readonly Matrix[];
}

export interface PlainPass extends PlainStates {
  /** [M, V] */
  readonly logits: Matrix;
}

const table = (rows: number, columns: number, at: (i: number, j: number) => number): Matrix =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => at(i, j)));

const product = (a: Matrix, b: Matrix): Matrix =>
  table(a.length, b[0]?.length ?? 0, (i, j) =>
    (a[i] as number[]).reduce((sum, value, k) => sum + value * (b[k]?.[j] as number), 0),
  );

const plus = (a: Matrix, b: Matrix): Matrix =>
  table(a.length, a[0]?.length ?? 0, (i, j) => get(a, i, j) + get(b, i, j));
const get = (a: Matrix, i: number, j: number): number => a[i]?.[j] as number;

/** Abramowitz & Stegun 7.1.5: the power series. Beyond 5 its terms grow too large for float64, and 1 is right to 2e−12. */
function erf(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; n < 200 && Math.abs(term) > 1e-18; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function matrixOf(weights: Weights, name: string): Matrix {
  const { shape, data } = weights(name);
  return table(shape[0] as number, shape[1] as number, (i, j) => data[i * (shape[1] as number) + j] as number);
}

function linearOf(weights: Weights, x: Matrix, name: string): Matrix {
  const bias = weights(`${name}.bias`).data;
  return product(x, matrixOf(weights, `${name}.weight`)).map((row) =>
    row.map((value, j) => value + (bias[j] as number)),
  );
}

/** @param picture uint8 [Y,X,3]. @param tokens [M] */
export function plainNetwork(
  weights: Weights,
  picture: ArrayLike<number>,
  tokens: readonly number[],
  g: Geometry,
): PlainPass {
  const { states, attention } = plainStates(weights, picture, tokens, g);
  return { states, attention, logits: linearOf(weights, states, 'head') };
}

/** The network before its head. @param picture uint8 [Y,X,3]. @param tokens [M] */
export function plainStates(
  weights: Weights,
  picture: ArrayLike<number>,
  tokens: readonly number[],
  g: Geometry,
): PlainStates {
  const linear = (x: Matrix, name: string): Matrix => linearOf(weights, x, name);
  const norm = (x: Matrix, name: string): Matrix => {
    const [gain, bias] = [weights(`${name}.weight`).data, weights(`${name}.bias`).data];
    return x.map((row) => {
      const mean = row.reduce((a, b) => a + b, 0) / row.length;
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
      return row.map(
        (value, j) => ((value - mean) / Math.sqrt(variance + 1e-5)) * (gain[j] as number) + (bias[j] as number),
      );
    });
  };

  const across = g.imageSize / g.patchSize;
  const pixels = table(g.sequenceLength, 3 * g.patchSize ** 2, (patch, k) => {
    const [channel, y, x] = [
      Math.floor(k / g.patchSize ** 2),
      Math.floor(k / g.patchSize) % g.patchSize,
      k % g.patchSize,
    ];
    const row = Math.floor(patch / across) * g.patchSize + y;
    const column = (patch % across) * g.patchSize + x;
    return ((picture[(row * g.imageSize + column) * 3 + channel] as number) / 255 - 0.5) / 0.5;
  });
  const embedding = matrixOf(weights, 'token.embedding');
  const content = [...linear(pixels, 'patch'), ...tokens.map((token) => embedding[token] as number[])];
  const count = content.length;
  let x = plus(
    content,
    table(count, g.width, (row, column) => {
      const angle = row / 10000 ** ((2 * Math.floor(column / 2)) / g.width);
      return column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }),
  );
  const isToken = (i: number): boolean => i >= g.sequenceLength;
  const sees = (i: number, j: number): boolean => (g.attention === 'causal' || isToken(i) ? j <= i : !isToken(j));
  const attention: Matrix[] = [];
  const size = g.width / g.heads;
  for (let block = 0; block < g.layers; block++) {
    const qkv = linear(norm(x, `block${block}.ln1`), `block${block}.qkv`);
    const attended = table(count, g.width, () => 0);
    const mean = table(count, count, () => 0);
    for (let head = 0; head < g.heads; head++) {
      const part = (n: number) =>
        qkv.map((row) => row.slice(n * g.width + head * size, n * g.width + (head + 1) * size));
      const [q, k, v] = [part(0), part(1), part(2)] as [Matrix, Matrix, Matrix];
      for (let i = 0; i < count; i++) {
        const scores = k.map((key, j) =>
          sees(i, j) ? key.reduce((sum, value, d) => sum + value * get(q, i, d), 0) / Math.sqrt(size) : -Infinity,
        );
        const largest = Math.max(...scores);
        const powers = scores.map((score) => Math.exp(score - largest));
        const total = powers.reduce((a, b) => a + b, 0);
        powers.forEach((power, j) => {
          (mean[i] as number[])[j] = get(mean, i, j) + power / total / g.heads;
          for (let d = 0; d < size; d++) {
            (attended[i] as number[])[head * size + d] =
              get(attended, i, head * size + d) + (power / total) * get(v, j, d);
          }
        });
      }
    }
    attention.push(mean);
    x = plus(x, linear(attended, `block${block}.proj`));
    const hidden = linear(norm(x, `block${block}.ln2`), `block${block}.fc1`);
    const active = hidden.map((row) => row.map((value) => (value / 2) * (1 + erf(value / Math.SQRT2))));
    x = plus(x, linear(active, `block${block}.fc2`));
  }
  return { states: norm(x, 'final').slice(g.sequenceLength), attention };
}

/** Attention rollout by its definition: the product of all ½A + ½I. */
export const plainRollout = (attention: readonly Matrix[]): Matrix =>
  attention
    .map((a) => a.map((row, i) => row.map((value, j) => value / 2 + (i === j ? 0.5 : 0))))
    .reduce((before, now) => product(now, before));
