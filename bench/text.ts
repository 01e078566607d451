import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { NeurodexError, silentReporter } from '@neurodex/core';
import { resolveConfiguration } from '../packages/neurodex/src/cli/configuration.ts';
import { atLeast, atMost, type Benchmark } from './benchmark.ts';
import { minilmFolder } from './minilm.ts';
import { changedAttributes } from './text-composed.ts';
import { allConcepts, type Make, makeIndex } from './text-emoji.ts';
import { withoutWords } from './text-half.ts';
import { names } from './text-names.ts';
import { sentences } from './text-sentences.ts';
import { conceptWords } from './text-words.ts';

const PARTS = ['names', 'sentences', 'half', 'composed'] as const;
type Part = (typeof PARTS)[number];

/** The least difference that is above. */
const ABOVE = 0.001;

export const benchmark: Benchmark = {
  name: 'text',
  description:
    'words that find emoji: names in ten languages, keywords that were withheld, pictures that came without a word; and pictures and words together',
  flags: {
    out: { type: 'string', default: 'runs/text' },
    set: { type: 'string', multiple: true, default: [] },
    only: { type: 'string', multiple: true, default: [...PARTS] },
  },
  async run({ flags, log }) {
    const out = resolve(String(flags.out));
    await mkdir(out, { recursive: true });
    const settings = [flags.set ?? []].flat().map(String);
    const asked = [flags.only ?? []].flat().map(String);
    const config = await resolveConfiguration({ preset: 'demo', settings, cwd: process.cwd() });
    const found = await orMissing(conceptWords());
    const minilm = await orMissing(minilmFolder({ ...silentReporter, info: log }));
    const known = 'missing' in found ? undefined : found.value;
    const concepts = known === undefined ? [] : (await allConcepts()).filter((concept) => known.has(concept));
    log(`${concepts.length} concepts`);
    const make: Make = (told, name, changes) =>
      makeIndex(told, join(out, name), { ...config, text: { ...config.text, ...changes } }, log);
    const isAsked = (part: Part): boolean => asked.includes(part);
    const named = known && isAsked('names') ? await names(concepts, known, make) : undefined;
    const behind =
      known && !('missing' in minilm) && isAsked('sentences')
        ? await sentences(concepts, known, make, minilm.value, config)
        : undefined;
    const half = known && isAsked('half') ? await withoutWords(concepts, known, make) : undefined;
    const composed = isAsked('composed') ? await changedAttributes(join(out, 'composed'), config, log) : undefined;
    const single = composed && Math.max(composed.picture, composed.words);
    const missing = { missing: 'not asked for' };
    return {
      sides: {
        concepts: 'missing' in found ? found : { count: concepts.length },
        named: named?.figures ?? missing,
        sentences: 'missing' in minilm ? minilm : (behind?.figures ?? missing),
        half: half?.figures ?? missing,
        composed: composed === undefined ? missing : { ...composed },
      },
      ratios: {},
      targets: [
        atLeast('Success@1 of English names', named?.english ?? null, 0.98),
        atLeast('Success@1 of the names in ten languages that were trained with', named?.trained ?? null, 0.95),
        atLeast(
          'Success@10 of withheld keywords behind a sentence encoder, above bm25',
          behind === undefined ? null : behind.dsi - behind.bm25,
          ABOVE,
        ),
        atMost('p of that difference', behind?.p ?? null, 0.05),
        atLeast('Success@10 of pictures that came without a word', half?.dsi ?? null, 0.6),
        atMost('the same of bm25', half?.bm25 ?? null, 0),
        atMost('milliseconds of a text query, its encoder included', named?.milliseconds ?? null, 15),
        atMost(
          'milliseconds of a text query behind a sentence encoder, without that',
          behind?.milliseconds ?? null,
          15,
        ),
        atLeast(
          'P@4 of a picture with one attribute changed by words, above the better of picture and words alone',
          composed === undefined || single === undefined ? null : composed.composed - single,
          ABOVE,
        ),
      ],
    };
  },
};

/** What cannot be had on this machine is reported, and the rest measured. */
async function orMissing<T>(wanted: Promise<T>): Promise<{ readonly value: T } | { readonly missing: string }> {
  try {
    return { value: await wanted };
  } catch (error) {
    if (error instanceof NeurodexError) return { missing: error.message };
    throw error;
  }
}
