/** The stages of a build, in order. */
export const STAGE_NAMES = [
  'decode',
  'split',
  'embed',
  'describe',
  'see',
  'identify',
  'train',
  'write',
  'read',
  'finish',
] as const;

/** A stage of a build. */
export type StageName = (typeof STAGE_NAMES)[number];
