import { defined } from '@neurodex/core';
import { answersTo, type Make, mean, type WordQuery } from './text-emoji.ts';
import { type ConceptWords, keywordsOf, LANGUAGES, type Language, withheld } from './text-words.ts';

/** A name of a concept in a language; a third of them are not trained with. */
interface Name {
  readonly concept: string;
  readonly language: Language;
  readonly text: string;
  readonly isWithheld: boolean;
}

/** Names in ten languages, a third of them withheld but for the English ones; of the keywords, half are withheld. */
export async function names(concepts: readonly string[], words: ReadonlyMap<string, ConceptWords>, make: Make) {
  const hide = withheld(1 / 3, 'names')(concepts.length * LANGUAGES.length);
  const all = concepts.flatMap((concept, c) =>
    LANGUAGES.map((language, l): Name => {
      const text = defined(words.get(concept), concept).names[language];
      return { concept, language, text, isWithheld: language !== 'en' && hide[c * LANGUAGES.length + l] === true };
    }),
  );
  const keywords = keywordsOf(concepts, words);
  const captions = new Map<string, string[]>();
  for (const { concept, text, isWithheld } of [...all, ...keywords]) {
    if (!isWithheld) captions.set(concept, [...(captions.get(concept) ?? []), text]);
  }
  const made = await make(
    concepts.map((concept) => ({ concept, captions: () => captions.get(concept) ?? [] })),
    'named',
  );
  const { built, index } = made;
  try {
    const ask = (asked: readonly WordQuery[]) => answersTo(made, asked);
    const english = await ask(all.filter(({ language }) => language === 'en'));
    const trained = await ask(all.filter(({ isWithheld }) => !isWithheld));
    const hidden = await ask(all.filter(({ isWithheld }) => isWithheld));
    const hiddenWords = await ask(keywords.filter(({ isWithheld }) => isWithheld));
    const both = ({ dsi, bm25 }: typeof english, of: 'first' | 'ten') => ({ dsi: mean(dsi[of]), bm25: mean(bm25[of]) });
    return {
      english: mean(english.dsi.first),
      trained: mean(trained.dsi.first),
      milliseconds: english.dsi.milliseconds,
      figures: {
        ...built,
        texts: index.manifest.text?.texts,
        'Success@1, English': both(english, 'first'),
        'Success@1, trained names': both(trained, 'first'),
        'Success@1, withheld names': both(hidden, 'first'),
        'Success@10, withheld names': both(hidden, 'ten'),
        'Success@10, withheld keywords': both(hiddenWords, 'ten'),
        'ms of a query': { dsi: english.dsi.milliseconds, bm25: english.bm25.milliseconds },
      },
    };
  } finally {
    await index.close();
  }
}
