import type { Config } from '../config.ts';

/** Both tasks at once, by gradient: minutes on two cores for hundreds of pictures, and too long for many thousands. */
export const joint: Config = {
  dataset: {
    maxPictures: 0, // all
    minPicturesPerClass: 0,
    squaresFirst: false,
    aspectTolerance: 0.1,
    patchesPerDimension: 0, // pictures.size as it is
    minCaptions: 0,
    minObjects: 0,
    dedupe: false,
    labels: 'layout',
    metadata: 'columns',
  },
  pictures: { size: 48, thumbnail: 160, maxPixels: 250_000_000 },
  split: { retrievalFraction: 0.75, validationFraction: 0.05, testFraction: 0.1 },
  identifiers: {
    scheme: 'numeric',
    order: 'clustered',
    zeroPadding: true,
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
    patchSize: 8, // 48 / 8 = 6 patches on an edge: P = 36
    stem: 'convolutional',
    windows: 2,
    width: 128,
    feedForwardWidth: 256,
    heads: 4,
    layers: 4,
    dropout: 0,
    embedding: 'prefix',
    output: 'own',
    positions: 'learned',
    attention: 'prefix',
  },
  training: {
    plan: 'joint',
    seeSteps: 6000, // of the plan write, as are the next three
    seeEpochs: 140,
    minutes: 0, // seeSteps
    effort: 'normal',
    contrast: 0.1,
    initialise: '', // at random
    batchSize: 64,
    indexingEpochs: 400,
    retrievalEpochs: 0, // the joint plan has one phase
    retrievalShare: 0.75,
    selfQueryFraction: 0.4,
    selfTargetWeight: 0.3,
    identifiersPerQuery: 2,
    multiTargetMaxSize: 1000, // about N / 9 trie nodes behind each picture
    optimizer: 'adamw',
    learningRate: 1.5e-3,
    schedule: 'cosine',
    warmupFraction: 0.05,
    weightDecay: 0.05,
    gradientClip: 1,
    trieMasking: true,
    validateEvery: 200,
    checkpointEvery: 200,
    patience: 10,
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
    retrieval: 1,
    clean: 0.3,
    shift: 0.1,
    scale: 0.2,
    rotate: 15,
    flip: true,
    colour: 0.2,
    hue: 0,
    erase: 0.1,
  },
  retrieval: { exactUpTo: 5000, beam: 20 },
  bovw: {
    words: 150,
    rootSift: false,
    restarts: 3,
    descriptorsInMemory: 500_000, // 256 MB as float32
    weighting: 'counts',
    exactUpTo: 20_000,
  },
};
