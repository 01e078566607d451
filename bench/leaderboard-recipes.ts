/** One change of how a network learns to see. */
export interface Recipe {
  /** What is different, and from which row. */
  readonly change: string;
  /** `before` is what all others are compared with; `now` is what the presets have; `kept` is on the way there, or is not. */
  readonly status: 'before' | 'kept' | 'rejected' | 'now';
  /** `coarse` as the presets have them; `fine` sixteen in a picture, as they had them before. */
  readonly patches: 'fine' | 'coarse';
  /** Over the preset of the set, as --set takes them. */
  readonly settings: readonly string[];
}

/** What the presets had when the first row was measured. Muon took five Newton–Schulz iterations until the row `iterations`. */
const BEFORE = [
  'model.stem=convolutional',
  'training.optimizer=adamw',
  'training.learningRate=1.5e-3',
  'training.batchSize=64',
  'training.seeSteps=6000',
  'training.seeEpochs=140',
];
const MUON = ['training.optimizer=muon', 'training.seeSteps=600'];
const FASTER = 'training.learningRate=3e-3';

/** One row for each change that was measured, in the order in which they were; rejected ones keep their rows. */
export const RECIPES = {
  before: {
    change: 'AdamW, 140 passes over the pictures, 6,000 steps at most',
    status: 'before',
    patches: 'fine',
    settings: BEFORE,
  },
  shorter: {
    change: 'before, with the whole schedule in 600 steps',
    status: 'rejected',
    patches: 'fine',
    settings: [...BEFORE, 'training.seeSteps=600'],
  },
  'learning-rate': {
    change: 'shorter, with twice the learning rate',
    status: 'rejected',
    patches: 'fine',
    settings: [...BEFORE, 'training.seeSteps=600', FASTER],
  },
  patches: {
    change: 'shorter, with four patches in place of sixteen',
    status: 'rejected',
    patches: 'coarse',
    settings: [...BEFORE, 'training.seeSteps=600'],
  },
  muon: {
    change: 'shorter, with Muon and twice the learning rate',
    status: 'kept',
    patches: 'fine',
    settings: [...BEFORE, ...MUON, FASTER],
  },
  'muon-patches': {
    change: 'patches, with Muon',
    status: 'kept',
    patches: 'coarse',
    settings: [...BEFORE, ...MUON],
  },
  'muon-patches-rate': {
    change: 'muon-patches, with twice the learning rate',
    status: 'kept',
    patches: 'coarse',
    settings: [...BEFORE, ...MUON, FASTER],
  },
  iterations: {
    change:
      'muon-patches-rate, in batches of 128 and 80 passes (demo: 140), with three Newton–Schulz iterations in place of five',
    status: 'kept',
    patches: 'coarse',
    settings: ['model.stem=convolutional'],
  },
  now: {
    change: 'iterations, without the convolution over the windows of the stem',
    status: 'now',
    patches: 'coarse',
    settings: [],
  },
} as const satisfies Readonly<Record<string, Recipe>>;
export type RecipeName = keyof typeof RECIPES;
