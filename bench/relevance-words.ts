import { join } from 'node:path';
import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, silentReporter } from '@neurodex/core';
import { type Dataset, openEmoji, type SourcePicture } from '@neurodex/datasets';
import type { Config } from '../packages/neurodex/src/config.ts';
import { calibrationError } from '../packages/neurodex/src/evaluation/calibration/calibration-error.ts';
import type { RelevanceMeasures } from '../packages/neurodex/src/evaluation/calibration/relevance-measures.ts';
import { judgedCaptions } from '../packages/neurodex/src/evaluation/judged-captions.ts';
import { createIndex } from '../packages/neurodex/src/jobs/create-index.ts';
import { measureProbabilities } from '../packages/neurodex/src/jobs/measure-probabilities.ts';
import { type Index, openIndex } from '../packages/neurodex/src/systems/open-index.ts';
import { allConcepts, mean } from './text-emoji.ts';
import { type ConceptWords, conceptWords } from './text-words.ts';

/** How pictures are told of: with labels and captions; with captions alone. */
export const TOLD = ['labels', 'captions'] as const;
export type ToldBy = (typeof TOLD)[number];

/** Words of a caption, and captions of a picture. */
const WORDS = 2;
const CAPTIONS = 3;
/** Of the concepts, so many are in no catalogue. */
const UNKNOWN = 0.1;
/** Of the captions of pictures without labels. */
const WITHHELD = 0.3;
const CONFIDENCE = 0.9;

/** What is measured of one system. */
export interface WordFigures {
  readonly captions: number;
  readonly calibrationError: number;
  /** Of sets of 90 %, of captions to which something is relevant. */
  readonly coverage: number;
  readonly size: number;
  /** Whether such sets are promised; else they are all answers with any evidence. */
  readonly promised: boolean;
  /** Of first answers alone. */
  readonly firstCalibrationError: number;
  /** Mean relevance of first answers that are right, and of those that are not. */
  readonly right: number;
  readonly wrong: number;
  readonly 'P@1': number;
}

export interface WordRow {
  readonly seed: number;
  readonly told: ToldBy;
  readonly encoder: string;
  readonly fitted: number;
  readonly dsi: WordFigures;
  readonly bm25: WordFigures;
}

export interface AskWordsOptions {
  readonly out: string;
  readonly config: Config;
  readonly seed: number;
  readonly told: ToldBy;
  /** Folder of a frozen text encoder, and its name; tokens of its own by default. */
  readonly encoder?: { readonly folder: string; readonly name: string } | undefined;
  readonly log: (line: string) => void;
}

/**
 * Emoji of several artists, each drawing with captions of two English words for what it shows, names and keywords, drawn anew for every
 * drawing. Those of validation and test drawings are like those that were learned, and few are the same.
 */
export async function askWords({ out, config, seed, told, encoder, log }: AskWordsOptions): Promise<WordRow> {
  const dataset = await toldEmoji(seed, told);
  const index = join(out, 'index');
  const text = {
    ...config.text,
    ...(encoder === undefined ? {} : { encoder: encoder.folder }),
    ...(told === 'captions' ? { withheld: WITHHELD } : {}),
  };
  const options = { config: { ...config, text }, systems: ['dsi'], force: true, device: 'cpu', seed } as const;
  await createIndex({ ...options, dataset, out: index, reporter: silentReporter });
  log(`words, seed ${seed}, ${told}, ${encoder?.name ?? 'tokens'}: built`);
  const opened = await openIndex(index, nodeRuntime());
  try {
    const captions = judgedCaptions({ ...opened, split: 'test' });
    const measured = defined(
      (await measureProbabilities(opened, ['dsi', 'bm25'], captions, silentReporter)) ?? undefined,
      'the relevance of answers to words',
    );
    const fitted = (await opened.relevance())?.systems.dsi?.text?.queries ?? 0;
    const metrics = async (name: 'dsi' | 'bm25') => ({
      ...metricsOf(defined(measured[name], name)),
      ...(await firstAnswers(opened, name, captions)),
    });
    const row = { seed, told, encoder: encoder?.name ?? 'tokens', fitted };
    return { ...row, dsi: await metrics('dsi'), bm25: await metrics('bm25') };
  } finally {
    await opened.close();
  }
}

function metricsOf({ queries, calibrationError, coverage }: RelevanceMeasures) {
  const set = defined(
    coverage.find(({ confidence }) => confidence === CONFIDENCE),
    'the sets of 90 %',
  );
  return { captions: queries, calibrationError, coverage: set.coverage, size: set.meanSize };
}

/** Whether the relevance of the first answer tells right ones from wrong ones. */
async function firstAnswers(index: Index, name: 'dsi' | 'bm25', captions: ReturnType<typeof judgedCaptions>) {
  const judge = defined(await index.judge(name), 'the judge');
  const rankings = await judge.rank(captions, 1);
  const firsts = rankings.flatMap(({ answers: [first] }, i) =>
    first === undefined ? [] : [{ relevance: first.relevance, isRight: captions[i]?.relevant.has(first.row) === true }],
  );
  const [asked] = captions;
  const relevances = (wanted: boolean) =>
    firsts.filter(({ isRight }) => isRight === wanted).map(({ relevance }) => relevance);
  return {
    promised: asked !== undefined && judge.promises(asked, CONFIDENCE),
    firstCalibrationError: calibrationError({
      confidences: Float64Array.from(firsts, ({ relevance }) => relevance),
      right: Uint8Array.from(firsts, ({ isRight }) => (isRight ? 1 : 0)),
    }),
    right: mean(relevances(true)),
    wrong: mean(relevances(false)),
    'P@1': mean(firsts.map(({ isRight }) => (isRight ? 1 : 0))),
  };
}

async function toldEmoji(seed: number, told: ToldBy): Promise<Dataset> {
  const words = await conceptWords();
  const concepts = Random.stream(seed, 'concepts').shuffled(
    (await allConcepts()).filter((concept) => textsOf(words.get(concept)).length >= WORDS),
  );
  const unknown = new Set(concepts.slice(0, Math.round(UNKNOWN * concepts.length)));
  const known = new Set(concepts);
  const all = await openEmoji({ concepts: 403, seed, reporter: silentReporter });
  const random = Random.stream(seed, 'captions');
  const pictures = all.pictures.flatMap((picture, i): SourcePicture[] => {
    const [concept = ''] = picture.labels;
    const isLearned = picture.role === 'catalogue' || picture.role === 'train';
    if (!known.has(concept) || (isLearned && unknown.has(concept))) return [];
    // Without labels every picture is in the catalogue.
    if (told === 'captions' && !isLearned) return [];
    const own = textsOf(words.get(concept));
    const captions = Array.from({ length: CAPTIONS }, () => random.shuffled(own).slice(0, WORDS).join(', '));
    const path = `${String(i).padStart(5, '0')}.png`;
    if (told === 'labels') return [{ ...picture, path: `${picture.role}/${path}`, captions }];
    const { role: _, ...others } = picture;
    return [{ ...others, path, labels: [], captions }];
  });
  return { ...all, pictures: pictures.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** The English name and the keywords of a concept, each once. */
const textsOf = (words: ConceptWords | undefined): string[] =>
  words === undefined ? [] : [...new Set([words.names.en, ...words.keywords])];
