import type { Answer, EngineDescription, Query, SystemName } from '../engine.ts';

export const SYSTEMS = ['dsi', 'bovw', 'pixels', 'encoder', 'bm25'] as const satisfies readonly SystemName[];

interface SystemWords {
  /** How the system answers: a sentence without its subject. */
  readonly method: string;
  /** The name of its score. */
  readonly score: string;
  /** The score as a share between 0 and 1. */
  readonly shareOf: (score: number) => number;
}

const clippedCosine = (score: number): number => Math.min(1, Math.max(0, score));

/** Has no largest value: half at 5, about what one rare word gives. */
const saturated = (score: number): number => score / (score + 5);

/** Each system in words for people. */
export const SYSTEM_WORDS: Readonly<Record<SystemName, SystemWords>> = {
  dsi: { method: 'generates identifiers', score: 'probability', shareOf: Math.exp },
  bovw: { method: 'compares bags of visual words', score: 'cosine', shareOf: clippedCosine },
  pixels: { method: 'compares pixels', score: 'cosine', shareOf: clippedCosine },
  encoder: { method: 'compares embeddings of the encoder', score: 'cosine', shareOf: clippedCosine },
  bm25: { method: 'counts words (BM25)', score: 'BM25', shareOf: saturated },
};

/** Whether words can be added to a picture, and taken away: where the network of an index has learned to read. */
export const takesTogether = (textSystems: readonly SystemName[]): boolean => textSystems.includes('dsi');

/** The systems of an index that can answer a query. */
export function systemsFor(
  { picture, text, minus }: Query,
  { systems, textSystems }: Pick<EngineDescription, 'systems' | 'textSystems'>,
): readonly SystemName[] {
  if (picture === null) return textSystems;
  return text === '' && minus.length === 0 ? systems : systems.filter((system) => textSystems.includes(system));
}

/** `7 of 10 relevant`, or `7 of 10 share a label` beside estimates of relevance; null where the labels of the query are unknown. */
export function relevantOf(answers: readonly Answer[]): string | null {
  const judged = answers.filter(({ relevant }) => relevant !== null);
  if (judged.length === 0) return null;
  const isEstimated = answers.some(({ relevance }) => relevance !== null);
  const count = `${judged.filter(({ relevant }) => relevant).length} of ${judged.length}`;
  return `${count} ${isEstimated ? 'share a label' : 'relevant'}`;
}
