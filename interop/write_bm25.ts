import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '@neurodex/core/random';
import { B, Bm25Index, K1 } from '../packages/neurodex/src/models/bm25/bm25.ts';
import { termsOf } from '../packages/neurodex/src/models/bm25/terms.ts';

/** Random documents and queries, their terms and our scores, for check_bm25.py: `tsx write_bm25.ts FOLDER`. */
const DOCUMENTS = 200;
const QUERIES = 50;
const WORDS = 300;
const SPECIAL = ['Éclair', "dog's", 'собака', '犬が走る', 'สุนัขวิ่ง', '😀', '🇩🇪', '3.5', 'fire-truck'];

const [, , folder = ''] = process.argv;
const random = Random.stream(7, 'bm25');

/** Words as a language has them: the frequency of one falls with its rank (Zipf). */
const word = (): string => {
  const rank = Math.floor(WORDS ** random.uniform());
  return rank % 7 === 0 ? random.pick(SPECIAL) : `Word${rank}`;
};
const text = (words: number): string => Array.from({ length: words }, word).join(' ');

// Some documents are empty, some long; some queries have a word that no document has, and every word twice.
const documents = Array.from({ length: DOCUMENTS }, (_, i) => (i % 50 === 9 ? '' : text(1 + random.integer(30))));
const queries = Array.from({ length: QUERIES }, (_, i) => {
  const words = text(1 + random.integer(8));
  return i % 10 === 0 ? `${words} unheard ${words}` : words;
});
const index = new Bm25Index(documents.map((document) => [document]));
const scores = queries.map((query) => {
  const found = index.scores(query);
  return { documents: [...found.documents], scores: [...found.scores] };
});
mkdirSync(folder, { recursive: true });
const written = { k1: K1, b: B, documents: documents.map(termsOf), queries: queries.map(termsOf), scores };
writeFileSync(join(folder, 'bm25.json'), JSON.stringify(written));
