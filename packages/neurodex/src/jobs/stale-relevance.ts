import type { Reporter } from '@neurodex/core';
import { isStale } from '../artifact/relevance-file.ts';
import type { Index } from '../systems/open-index.ts';

/** Warns where so many pictures have come and gone that the relevance of answers may be wrong. @throws NeurodexError `index-damaged` */
export async function warnIfStale(index: Index, reporter: Reporter): Promise<void> {
  const relevance = await index.relevance();
  if (relevance === undefined || !isStale(relevance, index.manifest.changes)) return;
  const share = 'more than a tenth of its pictures have come or gone since';
  reporter.warn(`the relevance of answers may be wrong: ${share} (neurodex settle, or neurodex calibrate, mends it)`);
}
