import { afterEach, expect, it, vi } from 'vitest';
import { encodePng } from './png.ts';

afterEach(() => {
  vi.doUnmock('node:module');
  vi.resetModules();
});

it('is missed by pictures that need it alone, and none of them is called damaged', async () => {
  vi.resetModules();
  vi.doMock('node:module', () => ({
    createRequire: () => () => {
      throw new Error('cannot open shared object file\nPossible solutions');
    },
  }));
  const { decodePicture } = await import('./decode.ts');
  const square = (edge: number) => encodePng(new Uint8Array(3 * edge * edge).fill(9), edge, edge, 3);
  const options = { size: 2, maxPixels: 1e6, name: 'cat.png' };
  expect((await decodePicture(square(16), options)).pixels).toEqual(new Uint8Array(12).fill(9));
  await expect(decodePicture(square(128), options)).rejects.toMatchObject({
    code: 'machine-unfit',
    message: 'sharp, which decodes pictures, cannot be loaded: cannot open shared object file',
  });
});
