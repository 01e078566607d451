import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, NeurodexError, silentReporter } from '@neurodex/core';
import { Random } from '@neurodex/core/random';
import { MODEL, minilmFolder, minilmWheel } from '../bench/minilm.ts';
import { openChosenTextEncoder } from '../packages/neurodex/src/build/open-text-encoder.ts';
import { PRESETS } from '../packages/neurodex/src/presets/presets.ts';

/**
 * Texts of many kinds, and the vectors that a sentence encoder with real weights gives of them in Neurodex, for check_text_encoder.py:
 * `tsx write_text_encoder.ts FOLDER`.
 */
const TEXTS = 60;
const WORDS = (
  'a the red blue bicycle bicycles dog dogs on beach at night unbelievable naïve café Straße 狗 собака 3.14 mother-in-law ' +
  'antidisestablishmentarianism 😀 e-mail@example.com (quoted) "words" I’m U.S.A. ℌ ﬁ'
).split(' ');

const [, , out = ''] = process.argv;
const reporter = { ...silentReporter, info: console.error };
const wheel = await minilmWheel(reporter).catch((error: unknown) => {
  if (!(error instanceof NeurodexError) || error.code !== 'download-failed') throw error;
  console.log(`the check of text encoders is LEFT OUT: ${error.message}`);
  process.exit(0);
});
const folder = await minilmFolder(reporter);
const config = { ...PRESETS.default, text: { ...PRESETS.default.text, encoder: folder } };
const { encoder } = defined(
  await openChosenTextEncoder({ config, runtime: nodeRuntime(), reporter }),
  'the text encoder',
);
const random = Random.stream(3, 'texts');
// One in twenty is longer than the encoder reads.
const texts = Array.from({ length: TEXTS }, (_, i) =>
  Array.from({ length: i % 20 === 19 ? 190 : 1 + random.integer(24) }, () => random.pick(WORDS)).join(' '),
);
const vectors = await encoder.embed(texts);
await encoder.release();
mkdirSync(out, { recursive: true });
writeFileSync(
  join(out, 'texts.json'),
  JSON.stringify({ wheel, model: MODEL, texts, channels: encoder.facts.channels }),
);
writeFileSync(join(out, 'vectors.f32'), Buffer.from(vectors.buffer, vectors.byteOffset, vectors.byteLength));
