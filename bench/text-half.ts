import { defined } from '@neurodex/core';
import { answersTo, type Make, mean } from './text-emoji.ts';
import type { ConceptWords } from './text-words.ts';

/** Only the drawings of the first artist come with words: their names find those of the second. */
export async function withoutWords(concepts: readonly string[], words: ReadonlyMap<string, ConceptWords>, make: Make) {
  const name = (concept: string): string => defined(words.get(concept), concept).names.en;
  const told = concepts.map((concept) => ({
    concept,
    captions: (artist: number) => (artist === 0 ? [name(concept)] : undefined),
  }));
  const made = await make(told, 'half');
  const { built, index } = made;
  try {
    const queries = concepts.map((concept) => ({ concept, text: name(concept), artist: 1 }));
    const { dsi, bm25 } = await answersTo(made, queries);
    const figures = { ...built, 'Success@1': { dsi: mean(dsi.first), bm25: mean(bm25.first) } };
    return { dsi: mean(dsi.ten), bm25: mean(bm25.ten), figures };
  } finally {
    await index.close();
  }
}
