import { execFileSync } from 'node:child_process';
import { Random } from '@neurodex/core/random';
import { describe, expect, it } from 'vitest';
import { trace } from '../graph/trace.ts';
import { relu } from '../ops/elementwise.ts';
import { scatterAdd } from '../ops/gather.ts';
import { loadable } from './model.ts';
import { nodeRuntime } from './node.ts';
import { runtimeContract } from './runtime.contract.ts';

const small = trace({ x: { dtype: 'float32', shape: [2] } }, ({ x }) => ({ y: relu(x) }));

/** Why a device cannot be used here; undefined where it can. */
async function refusal(device: 'webgpu' | 'cuda'): Promise<unknown> {
  try {
    const session = await nodeRuntime({ device }).load(loadable(small, { contrib: false }));
    await session.release();
    return undefined;
  } catch (error) {
    return error;
  }
}

runtimeContract('node cpu, on two threads', () => nodeRuntime({ threads: 2 }));
runtimeContract('node cpu, standard ONNX on one thread', () => ({ ...nodeRuntime({ threads: 1 }), contrib: false }));

/** Of a process of its own: the first runtime of a process decides. */
function tiniest(flushDenormals: boolean): string {
  const program = `
    import { loadable, mul, trace } from '@neurodex/autograd';
    import { nodeRuntime } from '@neurodex/autograd/node';
    const graph = trace({ x: { dtype: 'float32', shape: [1] } }, ({ x }) => ({ y: mul(x, 1e-20) }));
    const session = await nodeRuntime({ flushDenormals: ${flushDenormals} }).load(loadable(graph));
    const { y } = await session.run({ x: Float32Array.of(1e-20) });
    console.log(y[0] > 0 ? 'kept' : 'flushed');`;
  const args = ['--input-type=module', '--eval', program];
  return execFileSync(process.execPath, args, { encoding: 'utf8', cwd: import.meta.dirname }).trim();
}

it.each([
  [true, 'flushed'],
  [false, 'kept'],
] as const)('denormal numbers, with flushDenormals %s, are %s', (flushDenormals, what) => {
  expect(tiniest(flushDenormals)).toBe(what);
});

for (const device of ['webgpu', 'cuda'] as const) {
  const error = await refusal(device);
  if (error === undefined) runtimeContract(`node ${device}`, () => nodeRuntime({ device }));

  describe(`the device ${device} on a machine without one`, () => {
    it('is refused in a sentence', ({ skip }) => {
      skip(error === undefined, `this machine has ${device}`);
      expect(error).toMatchObject({
        name: 'RuntimeError',
        // A sentence for people: no place in ONNX Runtime's sources.
        message: expect.stringMatching(
          new RegExp(`^the device ${device} cannot be used here: (?!.*onnxruntime_src).+`),
        ),
      });
    });
  });
}

describe('the node runtime', () => {
  it('loses no row when many are added up in one place by several threads', async () => {
    const [count, width, rows] = [20_000, 64, 3];
    const graph = trace(
      { i: { dtype: 'int32', shape: [count] }, x: { dtype: 'float32', shape: [count, width] } },
      ({ i, x }) => ({ y: scatterAdd(i, x, rows) }),
    );
    const session = await nodeRuntime({ threads: 4 }).load(loadable(graph));
    const random = Random.seeded(1);
    const i = Int32Array.from({ length: count }, () => random.integer(rows));
    const x = new Float32Array(count * width).fill(1);
    const want = Array.from(
      { length: rows * width },
      (_, at) => i.filter((row) => row === Math.floor(at / width)).length,
    );
    for (let run = 0; run < 5; run++) expect([...((await session.run({ i, x })).y ?? [])]).toEqual(want);
    await session.release();
  });

  it('reads memory that threads share, and does not write to it', async () => {
    const session = await nodeRuntime().load(loadable(small));
    const shared = () => new Float32Array(new SharedArrayBuffer(8));
    const x = shared();
    x.set([-1, 2]);
    expect([...((await session.run({ x })).y ?? [])]).toEqual([0, 2]);
    await expect(session.run({ x }, { y: shared() })).rejects.toThrow(
      'the output y cannot be written to shared memory',
    );
    await session.release();
  });
});
