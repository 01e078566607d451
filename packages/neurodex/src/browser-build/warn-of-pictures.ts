import type { Reporter } from '@neurodex/core';
import { classWarnings } from '@neurodex/datasets/skipped';
import type { Config } from '../config.ts';
import { describeSets, tellDuplicates } from '../pictures/tell-duplicates.ts';
import type { DecodedFile } from './build-pictures.ts';

/**
 * Warns of what is doubtful about pictures, as `neurodex index` does. Pictures without labels are nothing doubtful here: a visitor mostly
 * has no classes, and nothing is measured by them.
 * @param sets of each picture, the place of the first one whose file is the same
 */
export function warnOfPictures(
  files: readonly DecodedFile[],
  sets: readonly number[],
  { split }: Config,
  reporter: Reporter,
): void {
  for (const { code, message } of classWarnings(files, 'folder', 'choose the folder that holds them'))
    if (code !== 'no-labels') reporter.warn(message, { code });
  tellDuplicates(describeSets(files, sets), reporter, split.retrievalFraction > 0);
}
