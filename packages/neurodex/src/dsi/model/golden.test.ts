import { readFileSync } from 'node:fs';
import {
  adamW,
  gradients,
  loadable,
  openParameters,
  type ParameterSpecs,
  type Tensor,
  Trainer,
  TrainingState,
  trace,
} from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { describe, expect, it } from 'vitest';
import type { Geometry } from './geometry.ts';
import { dsiLoss } from './loss.ts';
import { dsiParameters } from './parameters.ts';

/** Agreement with PyTorch (fixtures/README.md). */
interface Array_ {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Golden {
  readonly config: Readonly<
    Record<'B' | 'imageSize' | 'patchSize' | 'D' | 'F' | 'H' | 'L' | 'V' | 'P' | 'M' | 'PAD', number>
  > & {
    readonly adam: { lr: number; beta1: number; beta2: number; eps: number };
  };
  readonly images_uint8_BYXC: Array_;
  readonly tokens: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
  readonly weights: Readonly<Record<string, Array_>>;
  readonly cases: Readonly<
    Record<
      'causal' | 'prefix',
      {
        losses: readonly number[];
        logits: Array_;
        gradients: Readonly<Record<string, Array_>>;
        weights_after_3_adam_steps: Readonly<Record<string, Array_>>;
      }
    >
  >;
}

const golden = JSON.parse(readFileSync(new URL('./fixtures/vit-tiny.json', import.meta.url), 'utf8')) as Golden;
const { config } = golden;

const relative = (ours: ArrayLike<number>, theirs: ArrayLike<number>): number => {
  expect(ours.length).toBe(theirs.length);
  let [difference, norm] = [0, 0];
  for (let i = 0; i < theirs.length; i++) {
    difference += ((ours[i] as number) - (theirs[i] as number)) ** 2;
    norm += (theirs[i] as number) ** 2;
  }
  return Math.sqrt(difference / norm);
};

/** [B][T] → [T,B] */
const sequenceFirst = (rows: readonly (readonly number[])[]): Int32Array =>
  Int32Array.from(rows[0]?.flatMap((_, t) => rows.map((row) => row[t] as number)) ?? []);

const feeds = {
  input: Uint8Array.from(golden.images_uint8_BYXC.data),
  tokens: sequenceFirst(golden.tokens),
  targets: sequenceFirst(golden.targets),
};
const inputs = {
  input: { dtype: 'uint8', shape: [config.B, config.imageSize, config.imageSize, 3] },
  tokens: { dtype: 'int32', shape: [config.M, config.B] },
  targets: { dtype: 'int32', shape: [config.M, config.B] },
} as const;

describe.each(['causal', 'prefix'] as const)('the ViT-DSI with %s attention, against PyTorch', (attention) => {
  const expected = golden.cases[attention];
  const geometry: Geometry = {
    input: 'pixels',
    imageSize: config.imageSize,
    patchSize: config.patchSize,
    stem: 'linear',
    sequenceLength: config.P,
    width: config.D,
    feedForwardWidth: config.F,
    heads: config.H,
    layers: config.L,
    vocabulary: config.V,
    embeddingRows: config.V,
    pad: config.PAD,
    maxIdentifierLength: config.M,
    output: 'shared',
    positions: 'sinusoidal',
    attention,
  };
  const specs: ParameterSpecs = dsiParameters(geometry);
  const flat = Float32Array.from(Object.keys(specs).flatMap((name) => golden.weights[name]?.data ?? [Number.NaN]));
  const runtime = nodeRuntime();

  it('has the same parameters, and the same logits, loss and gradients', async () => {
    expect(Object.keys(specs).sort()).toEqual(Object.keys(golden.weights).sort());
    const graph = trace({ ...inputs, parameters: { dtype: 'float32', shape: [flat.length] } }, (tensors) => {
      const parameters = openParameters(specs, tensors.parameters);
      const { loss, logits } = dsiLoss(parameters, tensors, geometry, { dropout: 0 });
      const names = Object.keys(specs);
      const grads = gradients(
        loss,
        names.map((name) => parameters[name] as Tensor),
      );
      return { loss, logits, ...Object.fromEntries(names.map((name, i) => [`gradient.${name}`, grads[i] as Tensor])) };
    });
    for (const contrib of [true, false]) {
      const session = await runtime.load(loadable(graph, { contrib }));
      const out = await session.run({ ...feeds, parameters: flat });
      await session.release();
      const logits = new Float32Array(config.B * config.M * config.V);
      for (let b = 0; b < config.B; b++) {
        for (let t = 0; t < config.M; t++) {
          const from = (t * config.B + b) * config.V;
          logits.set((out.logits as Float32Array).subarray(from, from + config.V), (b * config.M + t) * config.V);
        }
      }
      expect(relative(logits, expected.logits.data)).toBeLessThan(1e-4);
      expect(relative(out.loss as Float32Array, [expected.losses[0] as number])).toBeLessThan(1e-5);
      for (const name of Object.keys(specs)) {
        expect(
          relative(out[`gradient.${name}`] as Float32Array, expected.gradients[name]?.data ?? []),
          name,
        ).toBeLessThan(1e-4);
      }
    }
  });

  it('has the same losses over three Adam steps, and the same weights after them', async () => {
    const { lr, beta1, beta2, eps } = config.adam;
    const optimizer = adamW({ beta1, beta2, epsilon: eps, weightDecay: 0 });
    const trainer = await Trainer.create(runtime, {
      parameters: specs,
      inputs,
      optimizer,
      loss: (parameters, tensors) => {
        const { loss, tokenAccuracy } = dsiLoss(parameters, tensors, geometry, { dropout: 0 });
        return { loss, tokenAccuracy };
      },
    });
    const state = TrainingState.initial(specs, optimizer, 1);
    state.parameters.set(flat);
    for (const expectedLoss of expected.losses) {
      const { loss } = await trainer.step(state, feeds, { learningRate: lr });
      expect(relative([loss as number], [expectedLoss])).toBeLessThan(1e-4);
    }
    await trainer.release();
    let start = 0;
    for (const name of Object.keys(specs)) {
      const after = expected.weights_after_3_adam_steps[name]?.data ?? [];
      expect(relative(state.parameters.subarray(start, start + after.length), after), name).toBeLessThan(1e-3);
      start += after.length;
    }
  });
});
