import type { Mutant } from '@stryker-mutator/api/core';
import type { Ignorer } from '@stryker-mutator/api/ignore';

/** The path of a mutant's file from the root of the repository. */
export declare function sourceOf(mutant: Pick<Mutant, 'fileName'>): string;

type Placed = Pick<Mutant, 'fileName' | 'location' | 'mutatorName' | 'replacement'>;

/** What tells a mutant from every other of the same sources, lines and columns from 1. */
export declare function mutantKey(mutant: Placed): string;

/** The same of a mutant in Stryker's results, which counts lines and columns from 1; before, it counts from 0. */
export declare function resultKey(result: Placed): string;

/** The words of an error are not mutated: tests hold its code and what it names, not each sentence. */
export declare const errorWords: Ignorer;
