import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import wabt from 'wabt';
import { MODULE } from './memory-kernel.ts';

const SOURCE = new URL('../../../wasm/memory.wat', import.meta.url);

it('the kernel is what wasm/memory.wat assembles to; after a change of that file, what this test found belongs here', async () => {
  const { parseWat } = await wabt();
  const module = parseWat('memory.wat', readFileSync(SOURCE, 'utf8'));
  try {
    expect(MODULE).toBe(Buffer.from(module.toBinary({}).buffer).toString('base64'));
  } finally {
    module.destroy();
  }
});
