import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import wabt from 'wabt';
import { MODULE as ROWS } from './dsi/search/memory-kernel.ts';
import { MODULE as BYTES } from './models/pixels/byte-kernel.ts';
import { MODULE as POINTS } from './pictures/distance-kernel.ts';

it.each([
  ['memory.wat', ROWS],
  ['bytes.wat', BYTES],
  ['distances.wat', POINTS],
])(
  'a kernel is what wasm/%s assembles to; after a change of that file, what this test found belongs there',
  async (file, kernel) => {
    const { parseWat } = await wabt();
    const module = parseWat(file, readFileSync(new URL(`../wasm/${file}`, import.meta.url), 'utf8'));
    try {
      expect(kernel).toBe(Buffer.from(module.toBinary({}).buffer).toString('base64'));
    } finally {
      module.destroy();
    }
  },
);
