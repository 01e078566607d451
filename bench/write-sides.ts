import { mkdtemp, rm, stat } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined } from '@neurodex/core';
import { z } from 'zod';
import { MODEL_FILE } from '../packages/neurodex/src/artifact/manifest.ts';
import { rowFor } from '../packages/neurodex/src/dsi/model/memory.ts';
import { DsiSystem } from '../packages/neurodex/src/dsi/search/dsi-system.ts';
import { StateEncoder } from '../packages/neurodex/src/dsi/search/state-encoder.ts';
import { evaluateInFull } from '../packages/neurodex/src/evaluation/compare.ts';
import { testPairs } from '../packages/neurodex/src/evaluation/pairwise.ts';
import { queriesOf } from '../packages/neurodex/src/evaluation/queries.ts';
import { parseMeasure } from '../packages/neurodex/src/evaluation/registry.ts';
import { storedQuery } from '../packages/neurodex/src/pictures/stored-query.ts';
import type { Answer } from '../packages/neurodex/src/query/answers.ts';
import { pictureInput } from '../packages/neurodex/src/query/model-inputs.ts';
import type { PictureQuery } from '../packages/neurodex/src/query/query.ts';
import type { System, SystemName } from '../packages/neurodex/src/query/system.ts';
import { ApproximateVectorSearch } from '../packages/neurodex/src/systems/approximate-search.ts';
import { type Index, openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { runChild } from './run-child.ts';
import { median } from './statistics.ts';

const CHILD = fileURLToPath(new URL('write-child.ts', import.meta.url));
const builtSchema = z.object({
  catalogue: z.int(),
  steps: z.int(),
  validation: z.record(z.string(), z.number()),
  parameters: z.int(),
  seconds: z.number(),
  cpuSeconds: z.number(),
  peakMiB: z.number(),
  /** MiB at the most until the end of each phase. */
  peaks: z.record(z.string(), z.number()),
});

/** What making an index took. */
export interface Built extends z.infer<typeof builtSchema> {
  /** Share of the cores that were busy. */
  readonly busy: number;
  /** Seconds by stage. */
  readonly stages: Readonly<Record<string, number>>;
}

/** Makes an index in a fresh process. */
export async function build(
  pictures: string,
  out: string,
  preset: string,
  settings: readonly string[],
  log: (line: string) => void,
): Promise<Built> {
  const text = await runChild(CHILD, [pictures, out, preset, ...settings], log);
  const built = builtSchema.parse(JSON.parse(text));
  const index = await openIndex(out, nodeRuntime());
  const stages = index.manifest.stages ?? {};
  await index.close();
  return { ...built, busy: built.cpuSeconds / built.seconds / availableParallelism(), stages };
}

/** Catalogue pictures whose own identifiers are asked for. */
const INDEXED = 2000;
const ANSWERS = 10;
/** Searches that are timed one by one. */
const TIMED = 200;

/** How well an index answers, and how fast. @param names of the systems that are compared; the first is timed */
export async function measure(folder: string, names: readonly ['dsi', ...SystemName[]]) {
  const began = performance.now();
  const index = await openIndex(folder, nodeRuntime());
  const openMs = performance.now() - began;
  const { store } = index;
  const [dsi, ...others] = await Promise.all(names.map((name) => index.system(name)));
  if (dsi === undefined) throw new RangeError('no system is named');
  const exact = await exhaustiveSystem(index);
  try {
    const queries = queriesOf(store, 'test');
    const { comparison, evaluations } = await evaluateInFull({
      systems: [dsi, ...others, exact],
      store,
      queries,
      measures: ['P@10', 'Success@1'].map(parseMeasure),
    });
    const pair = testPairs(evaluations, { seed: 0 }).find(
      ({ systems: [a, b], measure }) => a === 'dsi' && b === 'pixels' && measure === 'P@10',
    );
    const found = await dsi.rank(queries, ANSWERS);
    const truth = await exact.rank(queries, ANSWERS);
    return {
      openMs,
      'IA@1': await indexingAccuracy(index, dsi),
      metrics: comparison.systems,
      pixelsP: pair === undefined ? 1 : pair.difference > 0 ? pair.p : 1,
      recall: recallOf(found, truth),
      queryMs: await msOf(dsi, queries.slice(0, TIMED)),
      bytes: (await stat(join(folder, MODEL_FILE))).size,
      neighbours: await approximate(index, queries, truth),
    };
  } finally {
    await exact.close();
    await index.close();
  }
}

/** The same network and memory, every identifier compared: the exact nearest neighbours of the states. */
async function exhaustiveSystem(index: Index): Promise<System> {
  const { model, table } = await index.network();
  const system = new DsiSystem({
    runtime: nodeRuntime(),
    geometry: model.geometry,
    table,
    search: { exactUpTo: Number.POSITIVE_INFINITY, beam: 1 },
    parameters: model.parameters,
    memory: model.memory,
  });
  return { name: 'exact', memorises: true, rank: (queries, k) => system.rank(queries, k), close: () => system.close() };
}

/** Share of catalogue pictures, evenly drawn, whose own row comes first. */
async function indexingAccuracy({ store }: Index, dsi: System): Promise<number> {
  const { catalogue } = store;
  const count = Math.min(INDEXED, catalogue.length);
  const rows = Array.from({ length: count }, (_, i) => catalogue[Math.floor((i * catalogue.length) / count)]?.row ?? 0);
  let right = 0;
  for (let start = 0; start < count; start += BATCH) {
    const part = rows.slice(start, start + BATCH);
    const answers = await dsi.rank(
      part.map((row) => storedQuery(store, row)),
      1,
    );
    right += answers.filter(([first], i) => first?.row === part[i]).length;
  }
  return right / count;
}

const BATCH = 256;

const recallOf = (found: readonly (readonly Answer[])[], truth: readonly (readonly Answer[])[]): number =>
  found.reduce((sum, answers, i) => {
    const wanted = new Set(truth[i]?.map(({ row }) => row));
    return sum + answers.filter(({ row }) => wanted.has(row)).length / wanted.size;
  }, 0) / found.length;

/** Median milliseconds of one query by itself. */
async function msOf(system: System, queries: readonly PictureQuery[]): Promise<number> {
  const times: number[] = [];
  for (const query of queries) {
    const began = performance.now();
    await system.rank([query], ANSWERS);
    times.push(performance.now() - began);
  }
  return median(times);
}

/** An approximate index over the same states, searched with the same states: without the time of the encoder. */
async function approximate(index: Index, queries: readonly PictureQuery[], truth: readonly (readonly Answer[])[]) {
  const { model, table } = await index.network();
  const { geometry, parameters } = model;
  const { width } = geometry;
  const memory = defined(model.memory, 'the memory');
  const { trie } = table;
  const leaves = [...trie.leaves()];
  const unit = new Float32Array(leaves.length * width);
  for (const [i, leaf] of leaves.entries()) {
    const from = rowFor(table, leaf) * width;
    unit.set(memory.rows.subarray(from, from + width), i * width);
  }
  const began = performance.now();
  const graph = await ApproximateVectorSearch.build(unit, width);
  const buildSeconds = (performance.now() - began) / 1000;
  const encoder = await StateEncoder.create(nodeRuntime(), geometry, 1, parameters);
  const times: number[] = [];
  const found: Answer[][] = [];
  for (const query of queries) {
    const state = await encoder.encode(await pictureInput(geometry).feed([query], 1, geometry, undefined));
    const start = performance.now();
    const nearest = graph.nearest(state, ANSWERS);
    times.push(performance.now() - start);
    found.push(nearest.map(({ position, score }) => ({ row: trie.row(leaves[position] ?? 0) ?? -1, score })));
  }
  await encoder.release();
  const folder = await mkdtemp(join(tmpdir(), 'neurodex-bench-'));
  const file = join(folder, 'graph');
  graph.save(file);
  const { size } = await stat(file);
  await rm(folder, { recursive: true });
  return { buildSeconds, recall: recallOf(found, truth), searchMs: median(times), bytes: size };
}
