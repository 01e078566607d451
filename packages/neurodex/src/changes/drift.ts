import { defined } from '@neurodex/core';
import type { IndexArtifact } from '../artifact/index-artifact.ts';
import { MemorySearch } from '../dsi/search/memory-search.ts';

/** How far an index has moved from the one that was built. */
export interface Drift {
  /** Catalogue pictures that were added since, and those that are left of the build. */
  readonly added: number;
  readonly built: number;
  /** Share of the clusters that have outgrown their leaves. */
  readonly divided: number;
  /** Share of the ten nearest pictures that the beam finds, over `queries` pictures. */
  readonly recall: number;
  readonly queries: number;
  /** Why `neurodex settle` pays; undefined where it does not. */
  readonly settle?: string;
}

const ASKED = 300;
const ANSWERS = 10;
/** A fresh index finds 99 % and more; from here on more answers are missed than anybody would take for granted. */
const LEAST_RECALL = 0.98;
/** Share of divided clusters from which on searches look at many more pictures than they would have to. */
const MOST_DIVIDED = 0.5;

/**
 * Measures how well the clusters of an index fit the pictures that it has now: by the held-out queries whose states are stored, or,
 * where there are none, by pictures of the catalogue. Undefined for an index without a written memory, or one with few pictures.
 * @throws NeurodexError `index-damaged`
 */
export async function driftOf(artifact: IndexArtifact): Promise<Drift | undefined> {
  const { manifest, store } = artifact;
  const { clusters, builtIds } = store.manifest;
  const states = store.states();
  if (manifest.model === undefined || clusters === undefined || states === undefined) return undefined;
  const { model, table } = await artifact.network();
  const search = new MemorySearch(table, defined(model.memory, 'the memory'), model.geometry.width);
  const queries = asked(store);
  const { beam } = manifest.config.retrieval;
  const recall =
    queries.reduce((sum, row) => {
      const truth = new Set(search.exhaustive(states, row, ANSWERS).map((answer) => answer.row));
      const found = search.beam(states, row, ANSWERS, Math.min(beam, store.catalogue.length));
      return sum + found.filter((answer) => truth.has(answer.row)).length / truth.size;
    }, 0) / queries.length;
  const sizes = new Map<string, number>();
  for (const { cluster = '' } of store.catalogue) sizes.set(cluster, (sizes.get(cluster) ?? 0) + 1);
  const divided = [...sizes.values()].filter((size) => size > 2 * clusters.leafSize).length / sizes.size;
  const added = store.catalogue.filter(({ id }) => id >= builtIds).length;
  const reason = reasonOf(recall, divided);
  return {
    added,
    built: store.catalogue.length - added,
    divided,
    recall,
    queries: queries.length,
    ...(reason === undefined ? {} : { settle: reason }),
  };
}

/** Rows of queries, evenly spread. */
function asked({ queries, catalogue }: IndexArtifact['store']): number[] {
  const held = [...queries('test'), ...queries('validation')];
  const pictures = held.length > 0 ? held : catalogue;
  const count = Math.min(ASKED, pictures.length);
  return Array.from(
    { length: count },
    (_, i) => defined(pictures[Math.floor((i * pictures.length) / count)], 'a query').row,
  );
}

function reasonOf(recall: number, divided: number): string | undefined {
  if (recall < LEAST_RECALL) {
    return `the beam finds ${(100 * recall).toFixed(1)} % of the nearest pictures, where a fresh index finds 99 % and more`;
  }
  if (divided > MOST_DIVIDED) return `${(100 * divided).toFixed(0)} % of the clusters have outgrown their leaves`;
  return undefined;
}
