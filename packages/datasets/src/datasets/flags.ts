/** What some data sets ask about, by the flag that answers it. */
export const DATASET_FLAGS = {
  from: '--from',
  concepts: '--concepts',
  cocoYear: '--coco-year',
  cocoSplit: '--coco-split',
  classLevel: '--class-level',
  labelColumn: '--label-column',
  pictureColumn: '--picture-column',
} as const;
export type DatasetFlag = keyof typeof DATASET_FLAGS;
