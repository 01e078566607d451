/** Of 48 pixels sixteen patches, nine or four; of 32 sixteen or four. */
export type PatchCount = 'sixteen' | 'some' | 'four';

/** One change of how a network learns to see. */
export interface Recipe {
  /** What is different, and from which row. */
  readonly change: string;
  /** `before` is what all others are compared with; `now` is what the presets have; `kept` is on the way there, or is not. */
  readonly status: 'before' | 'kept' | 'rejected' | 'now';
  /** Of a picture. */
  readonly patches: PatchCount;
  /** Over the preset of the set, as --set takes them. */
  readonly settings: readonly string[];
}

/** What the presets had when the first row was measured. Muon took five Newton–Schulz iterations until the row `iterations`. */
const BEFORE = [
  'model.stem=convolutional',
  'model.windows=2',
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
    patches: 'sixteen',
    settings: BEFORE,
  },
  shorter: {
    change: 'before, with the whole schedule in 600 steps',
    status: 'rejected',
    patches: 'sixteen',
    settings: [...BEFORE, 'training.seeSteps=600'],
  },
  'learning-rate': {
    change: 'shorter, with twice the learning rate',
    status: 'rejected',
    patches: 'sixteen',
    settings: [...BEFORE, 'training.seeSteps=600', FASTER],
  },
  patches: {
    change: 'shorter, with four or nine patches in place of sixteen',
    status: 'rejected',
    patches: 'some',
    settings: [...BEFORE, 'training.seeSteps=600'],
  },
  muon: {
    change: 'shorter, with Muon and twice the learning rate',
    status: 'kept',
    patches: 'sixteen',
    settings: [...BEFORE, ...MUON, FASTER],
  },
  'muon-patches': {
    change: 'patches, with Muon',
    status: 'kept',
    patches: 'some',
    settings: [...BEFORE, ...MUON],
  },
  'muon-patches-rate': {
    change: 'muon-patches, with twice the learning rate',
    status: 'kept',
    patches: 'some',
    settings: [...BEFORE, ...MUON, FASTER],
  },
  iterations: {
    change:
      'muon-patches-rate, in batches of 128 and 80 passes (demo: 140), with three Newton–Schulz iterations in place of five',
    status: 'kept',
    patches: 'some',
    settings: ['model.stem=convolutional', 'model.windows=2'],
  },
  windows: {
    change: 'iterations, without the convolution over the windows of the stem',
    status: 'kept',
    patches: 'some',
    settings: ['model.windows=2'],
  },
  'four-patches': {
    change: 'windows, with four patches in place of nine',
    status: 'kept',
    patches: 'four',
    settings: ['model.windows=2'],
  },
  now: {
    change: 'four-patches, with sixteen small windows for each in place of four',
    status: 'now',
    patches: 'four',
    settings: [],
  },
} as const satisfies Readonly<Record<string, Recipe>>;
export type RecipeName = keyof typeof RECIPES;
