import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PRECISIONS, Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { encodePng } from '@neurodex/datasets/image';
import { leavesByRow } from '../packages/neurodex/src/dsi/graphs/search-export.ts';
import { DsiSystem } from '../packages/neurodex/src/dsi/search/dsi-system.ts';
import { VIEW } from '../packages/neurodex/src/evaluation/queries.ts';
import { storeModel } from '../packages/neurodex/src/export/models.ts';
import { queryOf } from '../packages/neurodex/src/jobs/query.ts';
import { pixelsOf } from '../packages/neurodex/src/pictures/picture-store.ts';
import { augment } from '../packages/neurodex/src/query/augment.ts';
import type { PictureQuery } from '../packages/neurodex/src/query/query.ts';
import { openIndex } from '../packages/neurodex/src/systems/open-index.ts';

/**
 * What Node answers to queries, for those who search the same index with other programs: write_export.ts INDEX OUT [PICTURES]
 * OUT/queries/*.png are 100 pictures of the very size that the model sees, or the PNG files of the folder PICTURES, for an encoder
 * with its own preprocessing; OUT/answers.json holds the answers for each precision.
 */
const QUERIES = 100;
const [folder = '', out = '', pictureFolder] = process.argv.slice(2);
const runtime = nodeRuntime();
const index = await openIndex(folder, runtime);
const { store, manifest } = index;
const trie = index.trie();
/** No more than the beam is wide: for more, every identifier is scored. */
const K = Math.min(10, manifest.config.retrieval.beam);
const { size, rows: pictures } = store;
mkdirSync(join(out, 'queries'), { recursive: true });
const queries = pictureFolder === undefined ? storedQueries() : await fileQueries(pictureFolder);

/** Queries first, catalogue pictures after them, then each a little turned and recoloured. */
function storedQueries(): PictureQuery[] {
  const rows = [...pictures].sort((a, b) => Number(a.role === 'catalogue') - Number(b.role === 'catalogue'));
  return Array.from({ length: QUERIES }, (_, i) => {
    const pixels = pixelsOf(store, rows[i % rows.length]?.row ?? 0);
    const view = new Uint8Array(pixels.length);
    if (i < rows.length) view.set(pixels);
    else augment(pixels, view, size, VIEW, Random.stream(i, 'export'));
    writeFileSync(join(out, 'queries', `${String(i).padStart(3, '0')}.png`), encodePng(view, size, size, 3));
    return {
      kind: 'picture' as const,
      pixels: view,
      thumbnail: () => Promise.reject(new Error('the network reads no thumbnails')),
    };
  });
}

async function fileQueries(from: string): Promise<PictureQuery[]> {
  const names = readdirSync(from)
    .filter((name) => name.endsWith('.png'))
    .sort();
  const sizes = { ...manifest.config.pictures, size };
  return await Promise.all(
    names.map((name) => {
      copyFileSync(join(from, name), join(out, 'queries', name));
      return queryOf(readFileSync(join(from, name)), name, sizes, manifest.encoder?.preprocessing);
    }),
  );
}

const position = new Map(leavesByRow(trie).map((leaf, i) => [trie.row(leaf), i]));
const answers: Record<string, [position: number, score: number][][]> = {};
for (const precision of PRECISIONS) {
  const { table, model } = storeModel(await index.network(), precision);
  const backbone = await index.backbone();
  const system = new DsiSystem({ runtime, table, search: manifest.config.retrieval, backbone, ...model });
  const ranked = await system.rank(queries, K);
  answers[precision] = ranked.map((each) => each.map(({ row, score }) => [position.get(row) ?? -1, score]));
  await system.close();
}
writeFileSync(join(out, 'answers.json'), JSON.stringify(answers));
await index.close();
