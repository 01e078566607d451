import { describe, expect, it } from 'vitest';
import { browserRuntime } from './browser.ts';
import { runtimeContract } from './runtime.contract.ts';

// The same WebAssembly that browsers run; what only they have is tested in one (packages/web/tests).
const runtime = await browserRuntime();
runtimeContract('browser, WebAssembly', () => runtime);
runtimeContract('browser, WebAssembly, standard ONNX', () => ({ ...runtime, contrib: false }));

describe('the browser runtime where there is no WebGPU', () => {
  it('refuses it in a sentence', async () => {
    await expect(browserRuntime({ device: 'webgpu' })).rejects.toThrow(
      /^the device webgpu cannot be used here: this browser has no graphics adapter for it$/,
    );
  });
});
