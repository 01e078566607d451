import { loadable, matmul, trace } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';

const EDGE = 1024;
const RUNS = 12;

/** The fastest of several 1024³ float32 matrix products on ONNX Runtime, in GFLOP/s. @param threads all cores by default */
export async function peakMatrixProduct(threads?: number): Promise<number> {
  const type = { dtype: 'float32', shape: [EDGE, EDGE] } as const;
  const session = await nodeRuntime(threads === undefined ? {} : { threads }).load(
    loadable(trace({ a: type, b: type }, ({ a, b }) => ({ y: matmul(a, b) }))),
  );
  const filled = (value: number) => new Float32Array(EDGE * EDGE).fill(value);
  const [a, b, y] = [filled(1), filled(2), filled(0)];
  let seconds = Number.POSITIVE_INFINITY;
  for (let i = 0; i < RUNS; i++) {
    const start = performance.now();
    await session.run({ a, b }, { y });
    seconds = Math.min(seconds, (performance.now() - start) / 1000);
  }
  await session.release();
  return (2 * EDGE ** 3) / seconds / 1e9;
}
