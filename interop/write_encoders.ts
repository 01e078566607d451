import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined } from '@neurodex/core';
import { decodeWhole } from '@neurodex/datasets/image';
import { Encoder } from '../packages/neurodex/src/models/encoder/encoder.ts';
import { towersOf } from '../packages/neurodex/src/models/encoder/towers.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';
import { inputValues, preprocess } from '../packages/neurodex/src/query/preprocess.ts';

/**
 * What Neurodex makes of the pictures and encoders of make_encoders.py, for check_encoders.py: `tsx write_encoders.ts FOLDER`. For
 * each encoder: FOLDER/ours/NAME.f32 with the values of all pictures, [3, Y, X] each; NAME.json with their shapes and vectors; and
 * the towers of a file that has both.
 */
const [, , folder = ''] = process.argv;
const ours = join(folder, 'ours');
const runtime = nodeRuntime({ threads: 1 });
const pictures = readdirSync(join(folder, 'pictures')).sort();
mkdirSync(ours, { recursive: true });

for (const name of readdirSync(join(folder, 'encoders')).sort()) {
  const { vision, preprocessing: read, text } = await towersOf(join(folder, 'encoders', name));
  const preprocessing = defined(read, 'the preprocessing').preprocessing;
  const encoder = await Encoder.open(runtime, vision.onnx, {
    name,
    config: PRESETS.default.encoder,
    fallbackSize: 224,
    source: { output: vision.output, preprocessing },
  });
  const table = inputValues(preprocessing);
  const { size } = encoder.facts;
  const values: Uint8Array[] = [];
  const vectors: number[][] = [];
  for (const picture of pictures) {
    const bytes = readFileSync(join(folder, 'pictures', picture));
    const pixels = preprocess(await decodeWhole(bytes, { name: picture, maxPixels: 1e8 }), preprocessing);
    const made = Float32Array.from({ length: pixels.length }, (_, i) => {
      const colour = Math.floor(i / size ** 2);
      return table[colour * 256 + (pixels[(i % size ** 2) * 3 + colour] ?? NaN)] ?? NaN;
    });
    values.push(new Uint8Array(made.buffer));
    vectors.push(Array.from(await encoder.embed([pixels])));
  }
  await encoder.release();
  writeFileSync(join(ours, `${name}.f32`), Buffer.concat(values));
  writeFileSync(join(ours, `${name}.json`), JSON.stringify({ pictures, size, output: encoder.facts.output, vectors }));
  writeFileSync(join(ours, `${name}.vision.onnx`), vision.onnx);
  if (text !== undefined) writeFileSync(join(ours, `${name}.text.onnx`), (await text.read()).onnx);
}
