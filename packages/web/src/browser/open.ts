import { EngineError, type SearchEngine } from '../engine.ts';

/** The engine that searches in the browser, with the files of an exported index beside the page. */
export function openBrowserEngine(): SearchEngine {
  const missing = (): never => {
    throw new EngineError('no-index', 'there is no exported index beside this page');
  };
  return { describe: async () => missing(), search: async () => missing() };
}
