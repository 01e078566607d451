import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, silentReporter } from '@neurodex/core';
import { openChosenTextEncoder } from '../packages/neurodex/src/build/open-text-encoder.ts';
import type { Config } from '../packages/neurodex/src/config.ts';
import { pairedRandomisation } from '../packages/neurodex/src/evaluation/significance.ts';
import { median } from './statistics.ts';
import { answersTo, type Make, mean } from './text-emoji.ts';
import { type ConceptWords, keywordsOf } from './text-words.ts';

const TIMED = 200;

/**
 * English keywords that were withheld, behind a frozen sentence encoder: it knows words that no picture came with. Names and half of the
 * keywords of a concept are trained with.
 * @param folder of the sentence encoder
 */
export async function sentences(
  concepts: readonly string[],
  words: ReadonlyMap<string, ConceptWords>,
  make: Make,
  folder: string,
  config: Config,
) {
  const keywords = keywordsOf(concepts, words);
  const captions = new Map(concepts.map((concept) => [concept, [defined(words.get(concept), concept).names.en]]));
  for (const { concept, text, isWithheld } of keywords) if (!isWithheld) captions.get(concept)?.push(text);
  const told = concepts.map((concept) => ({ concept, captions: () => captions.get(concept) ?? [] }));
  const made = await make(told, 'sentences', { encoder: folder });
  const { built, index } = made;
  try {
    const hidden = keywords.filter(({ isWithheld }) => isWithheld);
    const { dsi, bm25 } = await answersTo(made, hidden);
    const english = await answersTo(
      made,
      concepts.map((concept) => ({ concept, text: defined(words.get(concept), concept).names.en })),
    );
    const differences = dsi.ten.map((found, i) => found - (bm25.ten[i] ?? NaN));
    const { p } = pairedRandomisation(differences, Random.stream(0, 'sentences'));
    const texts = hidden.slice(0, TIMED).map(({ text }) => text);
    const alone = await millisecondsOfEncoder({ ...config, text: { ...config.text, encoder: folder } }, texts);
    const [ours, theirs] = [mean(dsi.ten), mean(bm25.ten)];
    return {
      dsi: ours,
      bm25: theirs,
      p,
      // Of two medians, the smaller may come out larger by chance.
      milliseconds: Math.max(0, dsi.milliseconds - alone),
      figures: {
        ...built,
        texts: index.manifest.text?.texts,
        keywords: hidden.length,
        'Success@10, withheld keywords': { dsi: ours, bm25: theirs, p },
        'Success@1, English names': { dsi: mean(english.dsi.first), bm25: mean(english.bm25.first) },
        'ms of a query': dsi.milliseconds,
        'ms of its text encoder': alone,
      },
    };
  } finally {
    await index.close();
  }
}

/** Of a text by itself, the median. */
async function millisecondsOfEncoder(config: Config, texts: readonly string[]): Promise<number> {
  const { encoder } = defined(
    await openChosenTextEncoder({ config, runtime: nodeRuntime(), reporter: silentReporter }),
    'the sentence encoder',
  );
  const times: number[] = [];
  for (const text of texts) {
    const began = performance.now();
    await encoder.embed([text]);
    times.push(performance.now() - began);
  }
  await encoder.release();
  return median(times);
}
