/** What some data sets ask about, by the flag that answers it. */
export const DATASET_FLAGS = {
  /** Where the copy is. */
  from: '--from',
  /** How many concepts. */
  concepts: '--concepts',
  /** The year of COCO. */
  cocoYear: '--coco-year',
  /** The part of COCO. */
  cocoSplit: '--coco-split',
  /** Which folder of a path is the class. */
  classLevel: '--class-level',
  /** The column of the labels. */
  labelColumn: '--label-column',
  /** The column of the pictures. */
  pictureColumn: '--picture-column',
} as const;

/** What some data sets ask about. */
export type DatasetFlag = keyof typeof DATASET_FLAGS;
