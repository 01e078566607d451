import type { SearchEngine } from '../engine.ts';

/** The whole of the page that searches in the browser. */
export function StaticPage(_: { readonly engine: SearchEngine }) {
  return <h1>Neurodex</h1>;
}
