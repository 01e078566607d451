import { defined } from '@neurodex/core';
import { DESCRIPTION_FILE, type ExportedIndex } from './description.ts';
import { writeEncoder } from './encoder-files.ts';
import { exportedMemory, exportedTrie } from './exported-trie.ts';
import { template, type Write } from './folder.ts';
import { type StoredModel, scoringModels, searchModel } from './models.ts';
import { onnxReadme } from './onnx-readme.ts';

/**
 * The network as ONNX files that any runtime loads, what names their answers, and a program in Python that searches.
 * @param k answers of search.onnx
 * @param imageEncoder the file of the encoder that the description describes
 */
export async function writeOnnx(
  write: Write,
  model: StoredModel,
  description: ExportedIndex,
  k: number,
  imageEncoder?: Uint8Array,
): Promise<void> {
  const { encoder, decoder } = scoringModels(model);
  if (imageEncoder !== undefined) {
    await writeEncoder(write, defined(description.encoder, 'the encoder of the description'), imageEncoder);
    await write('image_encoder.py', await template('onnx/image_encoder.py'));
  }
  await write('encoder_model.onnx', encoder);
  await write('decoder_model.onnx', decoder);
  if (description.search.exhaustive) await write('search.onnx', searchModel(model, k));
  const memory = exportedMemory(model);
  await write(DESCRIPTION_FILE, `${JSON.stringify({ ...description, trie: exportedTrie(model), memory })}\n`);
  await write('search.py', await template(memory === undefined ? 'onnx/search.py' : 'onnx/search_memory.py'));
  await write('pictures.py', await template('pictures.py'));
  await write('README.md', onnxReadme(description, k));
}
