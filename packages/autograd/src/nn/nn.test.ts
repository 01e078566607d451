import { Random } from '@neurodex/core/random';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../core/tensor.ts';
import { elementCount, type TensorType } from '../core/types.ts';
import { gradients } from '../graph/backward.ts';
import { type InputTensors, trace } from '../graph/trace.ts';
import { standardize } from '../ops/activation.ts';
import { mul } from '../ops/elementwise.ts';
import { sum } from '../ops/reduce.ts';
import { constant } from '../ops/source.ts';
import { difference, type Value } from '../testing/arrays.ts';
import { evaluate, type Numbers } from '../testing/reference.ts';
import { foldNorm, layerNorm, linear } from './layers.ts';
import { accuracy, crossEntropy, oneHot } from './loss.ts';
import {
  glorot,
  initialParameters,
  layout,
  normal,
  ones,
  openParameters,
  type ParameterSpecs,
  parameterCount,
  zeros,
} from './parameters.ts';

const f = (...shape: number[]): TensorType => ({ dtype: 'float32', shape });

function drawn(types: Readonly<Record<string, TensorType>>): Numbers {
  const random = Random.seeded(4);
  return Object.fromEntries(
    Object.entries(types).map(([name, t]) => [
      name,
      Array.from({ length: elementCount(t.shape) }, () => random.uniform(-2, 2)),
    ]),
  );
}

describe('layers', () => {
  const types = { x: f(2, 3, 4), gain: f(4), shift: f(4), weight: f(4, 5), bias: f(5) };
  const numbers = drawn(types);
  const get = (name: string, i: number): number => numbers[name]?.[i] ?? NaN;
  const inputRow = (row: number): number[] => (numbers.x ?? []).slice(row * 4, row * 4 + 4);
  const ROWS = [0, 1, 2, 3, 4, 5];

  const normalised = (row: number): number[] => {
    const x = inputRow(row);
    const mean = x.reduce((s, v) => s + v) / 4;
    const variance = x.reduce((s, v) => s + (v - mean) ** 2, 0) / 4;
    return x.map((v, i) => ((v - mean) / Math.sqrt(variance + 1e-5)) * get('gain', i) + get('shift', i));
  };
  const projected = (x: number[]): number[] =>
    [0, 1, 2, 3, 4].map((j) => x.reduce((s, v, i) => s + v * get('weight', i * 5 + j), get('bias', j)));

  const run = (body: (t: InputTensors<typeof types>) => Record<string, Tensor>) =>
    evaluate(trace(types, body), numbers);

  it('linear is a matrix product over the last axis, plus a bias', () => {
    const { y } = run(({ x, weight, bias }) => ({ y: linear(x, { weight, bias }) }));
    const want = { shape: [2, 3, 5], data: ROWS.flatMap((row) => projected(inputRow(row))) };
    expect(difference(y as Value, want)).toBeLessThan(1e-12);
  });

  it('layerNorm normalises each row and applies gain and bias', () => {
    const { y } = run(({ x, gain, shift }) => ({ y: layerNorm(x, { weight: gain, bias: shift }) }));
    expect(difference(y as Value, { shape: [2, 3, 4], data: ROWS.flatMap(normalised) })).toBeLessThan(1e-12);
  });

  it('foldNorm is layerNorm then linear, values and gradients', () => {
    const outputs = run((t) => {
      const norm = { weight: t.gain, bias: t.shift };
      const matrix = { weight: t.weight, bias: t.bias };
      const apart = linear(layerNorm(t.x, norm), matrix);
      const folded = linear(standardize(t.x), foldNorm(norm, matrix));
      const targets = Object.entries(t);
      const weights = constant(
        t.x.scope,
        'float32',
        [2, 3, 5],
        Float32Array.from({ length: 30 }, (_, i) => Math.sin(i)),
      );
      const of = (y: Tensor, prefix: string) => {
        const found = gradients(
          sum(mul(y, weights)),
          targets.map(([, tensor]) => tensor),
        );
        return [[`${prefix} y`, y], ...targets.map(([name], i) => [`${prefix} ${name}`, found[i]])];
      };
      return Object.fromEntries([...of(apart, 'apart'), ...of(folded, 'folded')]);
    });
    for (const name of ['y', ...Object.keys(types)]) {
      expect(difference(outputs[`folded ${name}`] as Value, outputs[`apart ${name}`] as Value), name).toBeLessThan(
        1e-9,
      );
    }
    const want = { shape: [2, 3, 5], data: ROWS.flatMap((row) => projected(normalised(row))) };
    expect(difference(outputs['folded y'] as Value, want)).toBeLessThan(1e-9);
  });
});

describe('losses', () => {
  const types = { logits: f(2, 3, 4), targets: { dtype: 'int32', shape: [2, 3] } } as const;
  const logits = drawn({ logits: types.logits }).logits as number[];
  const IGNORED = 9;

  const measure = (targets: readonly number[]) => {
    const graph = trace(types, (t) => ({
      loss: crossEntropy(t.logits, t.targets, IGNORED),
      share: accuracy(t.logits, t.targets, IGNORED),
      gradient: gradients(crossEntropy(t.logits, t.targets, IGNORED), [t.logits])[0] as Tensor,
    }));
    const { loss, share, gradient } = evaluate(graph, { logits, targets });
    return { loss: loss?.data[0], share: share?.data[0], gradient: gradient?.data ?? [] };
  };

  /** From the definition, row by row. */
  const defined = (targets: readonly number[]) => {
    const rows = targets.flatMap((target, i) =>
      target === IGNORED ? [] : [{ target, row: logits.slice(4 * i, 4 * i + 4) }],
    );
    const share = (row: number[], k: number) => Math.exp(row[k] ?? NaN) / row.reduce((s, x) => s + Math.exp(x), 0);
    const mean = (x: number[]) => x.reduce((s, v) => s + v, 0) / Math.max(1, x.length);
    return {
      loss: mean(rows.map(({ row, target }) => -Math.log(share(row, target)))),
      share: mean(rows.map(({ row, target }) => (row.every((x) => x <= (row[target] ?? NaN)) ? 1 : 0))),
      gradient: targets.flatMap((target, i) =>
        [0, 1, 2, 3].map((k) =>
          target === IGNORED ? 0 : (share(logits.slice(4 * i, 4 * i + 4), k) - (k === target ? 1 : 0)) / rows.length,
        ),
      ),
    };
  };

  const best = [0, 1, 2, 3, 4, 5].map((i) => {
    const row = logits.slice(4 * i, 4 * i + 4);
    return row.indexOf(Math.max(...row));
  });
  const cases: Record<string, number[]> = {
    'all counted': [0, 1, 2, 3, 0, 1],
    'some ignored': [0, IGNORED, best[2] ?? 0, IGNORED, best[4] ?? 0, 3],
    'one counted': [IGNORED, IGNORED, IGNORED, 2, IGNORED, IGNORED],
    'all right': best,
    'all ignored': new Array(6).fill(IGNORED),
  };
  for (const [name, targets] of Object.entries(cases)) {
    it(`crossEntropy and accuracy follow their definitions: ${name}`, () => {
      const [have, want] = [measure(targets), defined(targets)];
      expect(have.loss).toBeCloseTo(want.loss, 10);
      expect(have.share).toBeCloseTo(want.share, 10);
      expect(have.gradient.length).toBe(want.gradient.length);
      want.gradient.forEach((g, i) => {
        expect(have.gradient[i]).toBeCloseTo(g, 10);
      });
    });
  }

  it('oneHot marks each index, and nothing for one that is outside', () => {
    const graph = trace({ i: { dtype: 'int32', shape: [3] } }, ({ i }) => ({ y: oneHot(i, 3) }));
    expect(evaluate(graph, { i: [2, 0, 5] }).y).toEqual({ shape: [3, 3], data: [0, 0, 1, 1, 0, 0, 0, 0, 0] });
  });
});

describe('parameters', () => {
  const specs = {
    'layer.weight': glorot(40, 60),
    'layer.bias': zeros(60),
    'norm.weight': ones(60),
    position: normal(0.02, 50, 60),
  } satisfies ParameterSpecs;

  it('lie one after another in the flat vector, in order', () => {
    const ranges = [...layout(specs)].map(([name, , start, end]) => [name, start, end]);
    expect(ranges).toEqual([
      ['layer.weight', 0, 2400],
      ['layer.bias', 2400, 2460],
      ['norm.weight', 2460, 2520],
      ['position', 2520, 5520],
    ]);
    expect(parameterCount(specs)).toBe(5520);
    const graph = trace({ flat: f(5520) }, ({ flat }) => openParameters(specs, flat));
    const flat = Array.from({ length: 5520 }, (_, i) => i);
    const opened = evaluate(graph, { flat });
    for (const [name, spec, start, end] of layout(specs))
      expect(opened[name]).toEqual({ shape: spec.shape, data: flat.slice(start, end) });
  });

  it('start as their declarations say, from a seed', () => {
    const start = initialParameters(specs, Random.seeded(1));
    const parts = Object.fromEntries([...layout(specs)].map(([name, , a, b]) => [name, [...start.slice(a, b)]]));
    const square = (x: readonly number[]) => x.reduce((s, v) => s + v * v, 0) / x.length;
    const limit = Math.sqrt(6 / 100);
    const weights = parts['layer.weight'] ?? [];
    expect(Math.max(...weights.map(Math.abs))).toBeLessThanOrEqual(limit * (1 + 1e-7));
    expect(square(weights) / (limit ** 2 / 3)).toBeCloseTo(1, 1);
    expect(square(parts.position ?? []) / 0.02 ** 2).toBeCloseTo(1, 1);
    expect(new Set(parts['layer.bias'])).toEqual(new Set([0]));
    expect(new Set(parts['norm.weight'])).toEqual(new Set([1]));
    expect(initialParameters(specs, Random.seeded(1))).toEqual(start);
    expect(initialParameters(specs, Random.seeded(2))).not.toEqual(start);
  });
});
