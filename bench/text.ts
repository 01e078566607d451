import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { defined, NeurodexError } from '@neurodex/core';
import { resolveConfiguration } from '../packages/neurodex/src/cli/configuration.ts';
import { atLeast, atMost, type Benchmark } from './benchmark.ts';
import { allConcepts, answersTo, makeIndex, mean, type Told, type ToldIndex, type WordQuery } from './text-emoji.ts';
import { type ConceptWords, conceptWords, LANGUAGES, type Language, withheld } from './text-words.ts';

/** A name of a concept in a language; a third of them are not trained with. */
interface Name {
  readonly concept: string;
  readonly language: Language;
  readonly text: string;
  readonly isWithheld: boolean;
}

export const benchmark: Benchmark = {
  name: 'text',
  description:
    'words that find emoji: names in ten languages, keywords that were withheld, and pictures that came without a word',
  flags: {
    out: { type: 'string', default: 'runs/text' },
    set: { type: 'string', multiple: true, default: [] },
  },
  async run({ flags, log }) {
    let words: ReadonlyMap<string, ConceptWords>;
    try {
      words = await conceptWords();
    } catch (error) {
      if (error instanceof NeurodexError)
        return { sides: { neurodex: { missing: error.message } }, ratios: {}, targets: [] };
      throw error;
    }
    const out = resolve(String(flags.out));
    await mkdir(out, { recursive: true });
    const settings = [flags.set ?? []].flat().map(String);
    const config = await resolveConfiguration({ preset: 'demo', settings, cwd: process.cwd() });
    const concepts = (await allConcepts()).filter((concept) => words.has(concept));
    log(`${concepts.length} concepts`);
    const make: Make = (told, name) => makeIndex(told, join(out, name), config, log);
    const named = await names(concepts, words, make);
    const half = await withoutWords(concepts, words, make);
    return {
      sides: { concepts: { count: concepts.length }, named: named.figures, half: half.figures },
      ratios: {},
      targets: [
        atLeast('Success@1 of English names', named.english, 0.98),
        atLeast('Success@1 of the names in ten languages that were trained with', named.trained, 0.95),
        atLeast('Success@10 of pictures that came without a word', half.dsi, 0.6),
        atMost('the same of bm25', half.bm25, 0),
        atMost('milliseconds of a text query, its encoder included', named.milliseconds, 15),
      ],
    };
  },
};

type Make = (told: readonly Told[], name: string) => Promise<ToldIndex>;

/** Names in ten languages, a third of them withheld but for the English ones; of the keywords, half are withheld. */
async function names(concepts: readonly string[], words: ReadonlyMap<string, ConceptWords>, make: Make) {
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

/** Keywords of concepts that no other concept has; half of them withheld. */
function keywordsOf(concepts: readonly string[], words: ReadonlyMap<string, ConceptWords>) {
  const owners = new Map<string, string[]>();
  for (const concept of concepts) {
    const { keywords, names: own } = defined(words.get(concept), concept);
    for (const keyword of new Set(keywords)) {
      // What is in the name was trained with.
      if (own.en.toLowerCase().includes(keyword.toLowerCase())) continue;
      owners.set(keyword, [...(owners.get(keyword) ?? []), concept]);
    }
  }
  const only = [...owners].flatMap(([text, own]) =>
    own.length === 1 ? own.map((concept) => ({ text, concept })) : [],
  );
  const hide = withheld(1 / 2, 'keywords')(only.length);
  return only.map((keyword, i) => ({ ...keyword, isWithheld: hide[i] === true }));
}

/** Only the drawings of the first artist come with words: their names find those of the second. */
async function withoutWords(concepts: readonly string[], words: ReadonlyMap<string, ConceptWords>, make: Make) {
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
