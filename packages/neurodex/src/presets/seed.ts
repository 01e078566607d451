import type { Config } from '../config.ts';

/** The notebook's hyperparameters and its two phases; our split by query picture, and none of its faults. */
export const seed: Config = {
  dataset: {
    maxPictures: 384, // 384 / 64 = 6 classes
    minPicturesPerClass: 64,
    squaresFirst: true,
    aspectTolerance: 0.1,
    patchesPerDimension: 16, // 16 × 16 = 256 pixels on an edge for coco and imagenet
    minCaptions: 5,
    minObjects: 1,
    dedupe: false,
    labels: 'layout',
    metadata: 'columns',
  },
  pictures: { size: 160, thumbnail: 160, maxPixels: 250_000_000 },
  split: { retrievalFraction: 0.75, validationFraction: 0.05, testFraction: 0.05 },
  identifiers: {
    scheme: 'numeric',
    order: 'clustered',
    zeroPadding: false,
    branching: 10, // of semantic identifiers, as are the next two
    leafSize: 10,
    vectors: 'pixels',
  },
  encoder: {
    file: '', // none
    preset: 'none',
    frozenBackbone: true,
    input: '',
    output: '',
    size: 0,
    mean: [],
    std: [],
    views: 0,
  },
  model: {
    patchSize: 16, // 160 / 16 = 10 patches on an edge: P = 100
    stem: 'linear',
    windows: 2, // of other stems
    width: 128,
    feedForwardWidth: 256,
    heads: 4,
    layers: 6,
    dropout: 0.1,
    embedding: 'token',
    output: 'shared',
    positions: 'sinusoidal',
    attention: 'causal',
  },
  training: {
    plan: 'sequential',
    seeSteps: 6000, // of the plan write, as are the next three
    seeEpochs: 150,
    minutes: 0, // seeSteps
    effort: 'normal',
    contrast: 0.1,
    initialise: '', // at random
    batchSize: 32,
    indexingEpochs: 750,
    retrievalEpochs: 75,
    retrievalShare: 0.5, // of the joint plan: not used here
    selfQueryFraction: 0,
    selfTargetWeight: 0,
    identifiersPerQuery: 1,
    multiTargetMaxSize: 0,
    optimizer: 'adamw',
    learningRate: 5e-4,
    schedule: 'constant',
    warmupFraction: 0,
    weightDecay: 0.01,
    gradientClip: 1,
    trieMasking: false,
    validateEvery: 100,
    checkpointEvery: 100,
    patience: 0,
  },
  text: {
    tokens: 0, // no text; the rest is of the plan write
    encoder: '',
    vocabulary: 4096,
    layers: 2,
    dropout: 0.1,
    noise: 1.2,
    batchSize: 128,
    steps: 4000,
    epochs: 60,
    learningRate: 1e-3,
    withheld: 0,
  },
  augmentation: {
    indexing: 0,
    retrieval: 0,
    clean: 0,
    shift: 0,
    scale: 0,
    rotate: 0,
    flip: false,
    colour: 0,
    hue: 0,
    erase: 0,
  },
  retrieval: { exactUpTo: 5000, beam: 20 },
  bovw: {
    words: 150,
    rootSift: false,
    restarts: 10,
    descriptorsInMemory: 500_000, // 256 MB as float32
    weighting: 'counts',
    exactUpTo: 20_000,
  },
};
