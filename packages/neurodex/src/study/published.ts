import type { IdentifierOrder } from '../config.ts';
import type { StudyTraining } from './grid.ts';

/**
 * The figures of the report that Neurodex began as (its Table 1: imagenette at 160 px, 10 classes), by the size of the
 * database. Its MAP@10 is the mean over queries of P@10, and is set beside ours of that name.
 */
export interface PublishedRow {
  readonly pictures: number;
  readonly system: 'bovw' | 'dsi';
  readonly order?: IdentifierOrder;
  readonly training?: StudyTraining;
  readonly metrics: Readonly<Record<string, number>>;
}

const bovw = (pictures: number, p10: number, r100: number): PublishedRow => ({
  pictures,
  system: 'bovw',
  metrics: { 'P@10': p10, 'R@100': r100 },
});
const dsi = (
  pictures: number,
  training: StudyTraining,
  order: IdentifierOrder,
  ...[ia1, ia5, p10, r100]: [number, number, number, number]
): PublishedRow => ({
  pictures,
  system: 'dsi',
  order,
  training,
  metrics: { 'IA@1': ia1, 'IA@5': ia5, 'P@10': p10, 'R@100': r100 },
});

export const PUBLISHED: readonly PublishedRow[] = [
  bovw(512, 0.58, 0.875),
  dsi(512, 'fine-tuned', 'clustered', 0.415, 0.566, 0.32, 0.58),
  dsi(512, 'fine-tuned', 'random', 0.402, 0.472, 0.21, 0.365),
  dsi(512, 'zero-shot', 'clustered', 0.833, 0.962, 0.18, 0.275),
  dsi(512, 'zero-shot', 'random', 0.794, 0.871, 0.1, 0.23),
  bovw(1024, 0.5, 0.825),
  dsi(1024, 'fine-tuned', 'clustered', 0.378, 0.404, 0.28, 0.38),
  dsi(1024, 'fine-tuned', 'random', 0.266, 0.3, 0.18, 0.265),
  dsi(1024, 'zero-shot', 'clustered', 0.763, 0.828, 0.12, 0.21),
  dsi(1024, 'zero-shot', 'random', 0.725, 0.766, 0.07, 0.175),
  bovw(2048, 0.42, 0.78),
  dsi(2048, 'fine-tuned', 'clustered', 0.305, 0.333, 0.17, 0.22),
  dsi(2048, 'fine-tuned', 'random', 0.233, 0.275, 0.07, 0.135),
  dsi(2048, 'zero-shot', 'clustered', 0.678, 0.774, 0.1, 0.195),
  dsi(2048, 'zero-shot', 'random', 0.533, 0.719, 0.06, 0.16),
];

/** What must be known before figures are compared across the two. */
export const PROTOCOL_DIFFERENCES: readonly string[] = [
  'Published: photographs of imagenette; here: the data set that the study names.',
  'Published: the test pairs share their query pictures with the training pairs; here: no query picture is in two splits.',
  'Published: "MAP@10" is the mean of P@10, over 10 random queries; here: P@10 over every test query.',
  'Published: answers to retrieval are compared with the tokens of one relevant identifier, and identifiers that do not exist count; here: with all relevant catalogue pictures, and only those exist.',
];
