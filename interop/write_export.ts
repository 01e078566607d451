import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PRECISIONS, Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { encodePng } from '@neurodex/datasets/image';
import { leavesByRow } from '../packages/neurodex/src/dsi/graphs/search-export.ts';
import { DsiSystem } from '../packages/neurodex/src/dsi/search/dsi-system.ts';
import { VIEW } from '../packages/neurodex/src/evaluation/queries.ts';
import { storeModel } from '../packages/neurodex/src/export/models.ts';
import { pixelsOf } from '../packages/neurodex/src/pictures/picture-store.ts';
import { augment } from '../packages/neurodex/src/query/augment.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';

/**
 * What Node answers to 100 queries, for those who search the same index with other programs: write_export.ts INDEX OUT
 * OUT/queries/000.png … are of the very size that the model sees; OUT/answers.json holds the answers for each precision.
 */
const QUERIES = 100;
const [folder = '', out = ''] = process.argv.slice(2);
const runtime = nodeRuntime();
const index = await openIndex(folder, runtime);
const { store, manifest } = index;
const trie = index.trie();
/** No more than the beam is wide: for more, every identifier is scored. */
const K = Math.min(10, manifest.config.retrieval.beam);
const { size, rows: pictures } = store;
mkdirSync(join(out, 'queries'), { recursive: true });
// Queries first, catalogue pictures after them, then each a little turned and recoloured.
const rows = [...pictures].sort((a, b) => Number(a.role === 'catalogue') - Number(b.role === 'catalogue'));
const queries = Array.from({ length: QUERIES }, (_, i) => {
  const pixels = pixelsOf(store, rows[i % rows.length]?.row ?? 0);
  if (i < rows.length) return pixels.slice();
  const view = new Uint8Array(pixels.length);
  augment(pixels, view, size, VIEW, Random.stream(i, 'export'));
  return view;
});
for (const [i, pixels] of queries.entries()) {
  writeFileSync(join(out, 'queries', `${String(i).padStart(3, '0')}.png`), encodePng(pixels, size, size, 3));
}
const position = new Map(leavesByRow(trie).map((leaf, i) => [trie.row(leaf), i]));
const answers: Record<string, [position: number, score: number][][]> = {};
for (const precision of PRECISIONS) {
  const { table, model } = storeModel(await index.network(), precision);
  const system = new DsiSystem({ runtime, table, search: manifest.config.retrieval, ...model });
  const ranked = await system.rank(
    queries.map((pixels) => ({
      kind: 'picture' as const,
      pixels,
      thumbnail: () => Promise.reject(new Error('the network reads no thumbnails')),
    })),
    K,
  );
  answers[precision] = ranked.map((each) => each.map(({ row, score }) => [position.get(row) ?? -1, score]));
  await system.close();
}
writeFileSync(join(out, 'answers.json'), JSON.stringify(answers));
await index.close();
