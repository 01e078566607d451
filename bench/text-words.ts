import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import { z } from 'zod';
import { fetchPackage } from '../packages/datasets/src/datasets/emoji/npm-package.ts';

/** Ten languages of six scripts. */
export const LANGUAGES = ['en', 'de', 'es', 'fr', 'pl', 'ru', 'hi', 'th', 'ja', 'ko'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What people call the emoji: names and keywords by language, of the MIT-licensed package emojibase-data. */
const WORDS = {
  name: 'emojibase-data',
  version: '17.0.0',
  integrity: 'sha512-Yvgb5AWoHViHV/gq1qr5ZAarcBip+B27/ZLRsUJkbgAEaLlZ/fof9g882LTpmEpyhBNEC0m2SEmItljHsTygjA==',
  files: LANGUAGES.map((language) => `${language}/data.json`),
};

const entries = z.array(z.object({ label: z.string(), hexcode: z.string(), tags: z.array(z.string()).optional() }));

/** The words of a concept. */
export interface ConceptWords {
  readonly names: Readonly<Record<Language, string>>;
  /** English. */
  readonly keywords: readonly string[];
}

/** The words of concepts, by their names as Iconify writes them (`red-apple`); concepts that have no names are left out. */
export async function conceptWords(): Promise<ReadonlyMap<string, ConceptWords>> {
  const folder = await fetchPackage(WORDS);
  const read = async (language: Language) =>
    entries.parse(JSON.parse(await readFile(join(folder, language, 'data.json'), 'utf8')));
  const byCode = new Map(
    await Promise.all(
      LANGUAGES.map(async (language) => {
        const own = await read(language);
        return [language, new Map(own.map(({ hexcode, label }) => [hexcode, label]))] as const;
      }),
    ),
  );
  const words = new Map<string, ConceptWords>();
  for (const { label, hexcode, tags = [] } of await read('en')) {
    const names = LANGUAGES.map((language) => [language, byCode.get(language)?.get(hexcode) ?? ''] as const);
    if (names.some(([, name]) => name === '')) continue;
    const slug = label
      .toLowerCase()
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '');
    words.set(slug, { names: Object.fromEntries(names) as Record<Language, string>, keywords: tags });
  }
  return words;
}

/** Which of `count` things are withheld: a share of them, at random, the same every time. */
export const withheld = (share: number, name: string): ((count: number) => boolean[]) => {
  const random = Random.stream(1, name);
  return (count) => {
    const kept = Array.from({ length: count }, (_, i) => i >= Math.round(share * count));
    return random.shuffled(kept).map((each) => !each);
  };
};

/** A keyword that one concept alone has. */
export interface Keyword {
  readonly text: string;
  readonly concept: string;
  readonly isWithheld: boolean;
}

/** Keywords of concepts that no other concept has; half of them withheld. */
export function keywordsOf(concepts: readonly string[], words: ReadonlyMap<string, ConceptWords>): Keyword[] {
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
