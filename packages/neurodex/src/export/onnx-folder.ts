import { DESCRIPTION_FILE, type ExportedIndex, exportedTrie } from './description.ts';
import { template, type Write } from './folder.ts';
import { type StoredModel, scoringModels, searchModel } from './models.ts';
import { onnxReadme } from './readme.ts';

/**
 * The network as ONNX files that any runtime loads, what names their answers, and a program in Python that searches.
 * @param k answers of search.onnx
 */
export async function writeOnnx(
  write: Write,
  model: StoredModel,
  description: ExportedIndex,
  k: number,
): Promise<void> {
  const { encoder, decoder } = scoringModels(model);
  await write('encoder_model.onnx', encoder);
  await write('decoder_model.onnx', decoder);
  if (description.search.exhaustive) await write('search.onnx', searchModel(model, k));
  await write(DESCRIPTION_FILE, `${JSON.stringify({ ...description, trie: exportedTrie(model.table) })}\n`);
  await write('search.py', await template('onnx/search.py'));
  await write('pictures.py', await template('pictures.py'));
  await write('README.md', onnxReadme(description, k));
}
