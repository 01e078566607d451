import { Random } from '@neurodex/autograd';
import { comparableText } from '../text/normalise.ts';
import { type CaptionQuery, learnedAmong } from './caption-queries.ts';
import { type CaptionedStore, TEXT_RELEVANCE, type TextRelevanceName } from './text-relevance.ts';

/**
 * The protocol whose relevance the probabilities of answers to words are of. Answers vote for those that share a label with them, so it
 * is `shared` where there are labels.
 */
export const judgedRelevance = ({ hasClasses }: Pick<CaptionedStore['store'], 'hasClasses'>): TextRelevanceName =>
  hasClasses ? 'shared' : 'captioned';

/**
 * The captions of a split that probabilities are fitted to, or measured on. Captions that are withheld from learning belong to no
 * split: one half of them, drawn by the seed of the build and the caption, is that of validation.
 */
export function judgedCaptions(captioned: CaptionedStore): readonly CaptionQuery[] {
  const { store, withholding, split } = captioned;
  const name = judgedRelevance(store);
  const { queries } = TEXT_RELEVANCE[name].queries(captioned);
  if (name === 'shared') return queries;
  return queries.filter(({ text }) => halfOf(text, withholding.seed) === split);
}

const halfOf = (text: string, seed: number): CaptionedStore['split'] =>
  Random.stream(seed, `half of ${comparableText(text)}`).uniform() < 0.5 ? 'validation' : 'test';

/** Different captions that no system has learned from another picture. */
export function unlearnedCaptions(
  queries: readonly CaptionQuery[],
  { store, withholding }: Pick<CaptionedStore, 'store' | 'withholding'>,
): number {
  const texts = new Set(queries.map(({ text }) => comparableText(text) ?? ''));
  return texts.size - learnedAmong(store, withholding, texts).size;
}
