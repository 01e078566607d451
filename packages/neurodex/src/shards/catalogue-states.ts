import { defined } from '@neurodex/core';
import type { StoredPictures } from '../artifact/catalogue-store.ts';

/** The states of the catalogue pictures of an index with a network, in the order of the catalogue: float32 [N, D]. @param width D */
export function catalogueStates(store: StoredPictures, width: number): Float32Array {
  const all = defined(store.states(), 'the states of pictures');
  const states = new Float32Array(store.catalogue.length * width);
  for (const [place, { row }] of store.catalogue.entries())
    states.set(all.subarray(row * width, (row + 1) * width), place * width);
  return states;
}
