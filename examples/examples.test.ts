import { readFile } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';

const read = (path: string) => readFile(new URL(path, import.meta.url), 'utf8');

describe('train-xor', () => {
  it('learns the exclusive or', async () => {
    const print = vi.spyOn(console, 'log').mockImplementation(() => {});
    try {
      await import('./train-xor.ts');
      const printed = print.mock.calls.map(([line]) => line as { step: number; loss: number });
      expect(printed.map(({ step }) => step)).toEqual([50, 100, 150, 200]);
      const losses = printed.map(({ loss }) => loss);
      // What the README promises.
      expect(losses[0]?.toFixed(3)).toBe('0.007');
      expect(losses[2]).toBeLessThan(1e-5);
      expect(losses).toEqual([...losses].sort((a, b) => b - a));
    } finally {
      print.mockRestore();
    }
  });

  it('is the example of the README', async () => {
    const readme = await read('../packages/autograd/README.md');
    const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);
    expect(blocks).toEqual([await read('./train-xor.ts')]);
  });
});
