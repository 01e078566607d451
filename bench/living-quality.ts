import { nodeRuntime } from '@neurodex/autograd/node';
import { evaluateInFull } from '../packages/neurodex/src/evaluation/compare.ts';
import { queriesOf } from '../packages/neurodex/src/evaluation/queries.ts';
import { parseMeasure } from '../packages/neurodex/src/evaluation/registry.ts';
import { storedQuery } from '../packages/neurodex/src/pictures/stored-query.ts';
import type { System } from '../packages/neurodex/src/query/system.ts';
import { type Index, openIndex } from '../packages/neurodex/src/systems/open-index.ts';

const ANSWERS = 10;
/** Answers among which those from before the growth are looked for. */
const DEEP = 100;
const BATCH = 256;

export interface Grown {
  /** The index before it grew, after that, and one of the same pictures from scratch. */
  readonly fresh: string;
  readonly grown: string;
  readonly scratch: string;
}

/** How well an index answers after it has grown. */
export async function growth(folders: Grown) {
  const [fresh, grown, scratch] = [await open(folders.fresh), await open(folders.grown), await open(folders.scratch)];
  try {
    const built = fresh.store.rows.length;
    const system = await grown.system('dsi');
    const onlyBefore: System = {
      name: 'before',
      memorises: true,
      close: async () => {},
      rank: async (queries, k) =>
        (await system.rank(queries, DEEP)).map((answers) => answers.filter(({ row }) => row < built).slice(0, k)),
    };
    return {
      indexing: await indexing(grown, built),
      grown: await precision(grown, system),
      scratch: await precision(scratch, await scratch.system('dsi')),
      before: await precision(fresh, await fresh.system('dsi')),
      after: await precision(fresh, onlyBefore),
    };
  } finally {
    for (const index of [fresh, grown, scratch]) await index.close();
  }
}

const open = (folder: string): Promise<Index> => openIndex(folder, nodeRuntime());

/** AP@10 of the test queries. */
async function precision({ store }: Index, system: System): Promise<number> {
  const { comparison } = await evaluateInFull({
    systems: [system],
    store,
    queries: queriesOf(store, 'test'),
    measures: [parseMeasure(`AP@${ANSWERS}`)],
  });
  return Object.values(comparison.systems)[0]?.[`AP@${ANSWERS}`] ?? 0;
}

/** Share of the added pictures whose own row comes first. @param first row of the first one */
async function indexing(index: Index, first: number): Promise<number> {
  const dsi = await index.system('dsi');
  const rows = index.store.catalogue.map(({ row }) => row).filter((row) => row >= first);
  let right = 0;
  for (let start = 0; start < rows.length; start += BATCH) {
    const part = rows.slice(start, start + BATCH);
    const answers = await dsi.rank(
      part.map((row) => storedQuery(index.store, row)),
      1,
    );
    right += answers.filter(([own], i) => own?.row === part[i]).length;
  }
  return right / rows.length;
}
