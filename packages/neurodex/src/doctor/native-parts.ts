import type { NativeParts } from './machine.ts';

/** The picture of the self test: its edge in pixels. Tiny ones do not go through libvips. */
const EDGE = 128;

/** Loaded when they are looked at: what cannot be loaded is to be told, and not to end the program. */
export const nativeParts: NativeParts = {
  async engine() {
    return (await import('@neurodex/autograd/node')).engineFacts();
  },

  async compute(device) {
    const { DEVICES, float32, loadable, matmul, trace } = await import('@neurodex/autograd');
    const { nodeRuntime } = await import('@neurodex/autograd/node');
    const known = DEVICES.find((each) => each === device);
    if (known === undefined) return `nothing: there is no device ${device}`;
    const runtime = nodeRuntime({ device: known, threads: 1 });
    const graph = trace({ a: float32(2, 2), b: float32(2, 2) }, ({ a, b }) => ({ product: matmul(a, b) }));
    const session = await runtime.load(loadable(graph, { contrib: runtime.contrib }));
    try {
      const { product } = await session.run({ a: Float32Array.of(1, 2, 3, 4), b: Float32Array.of(5, 6, 7, 8) });
      const found = [...(product ?? [])].join(' ');
      return found === '19 22 43 50' ? undefined : `${found} in place of 19 22 43 50`;
    } finally {
      await session.release();
    }
  },

  async pictures() {
    const { libvips } = await import('@neurodex/datasets/image');
    const { versions } = libvips();
    return { sharp: versions.sharp ?? 'unknown', libvips: versions.vips };
  },

  async decode() {
    const { decodePicture, encodePng } = await import('@neurodex/datasets/image');
    const pixels = Uint8Array.from({ length: EDGE * EDGE * 3 }, (_, i) => (i * 37) % 256);
    const png = encodePng(pixels, EDGE, EDGE, 3);
    const { pixels: decoded } = await decodePicture(png, { size: EDGE, maxPixels: EDGE * EDGE, name: 'the picture' });
    return Buffer.compare(decoded, pixels) === 0 ? undefined : 'its pixels are others';
  },
};
