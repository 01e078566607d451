import { z } from 'zod';

/** How a scheme numbers the catalogue. */
export const IDENTIFIER_ORDERS = ['clustered', 'random'] as const;
export type IdentifierOrder = (typeof IDENTIFIER_ORDERS)[number];

/** How the baseline's visual words count. */
export const WEIGHTINGS = ['counts', 'tfidf'] as const;
export type Weighting = (typeof WEIGHTINGS)[number];

/**
 * The whole configuration of an index as plain data. Presets are complete values of it; `--config` and `--set` change
 * single keys. Every object is strict: a key that is not here is refused.
 */
const positive = z.int().min(1);
const fraction = z.number().min(0).max(1);

export const configSchema = z.strictObject({
  dataset: z.strictObject({
    maxPictures: z
      .int()
      .min(0)
      .describe(
        'most pictures that are taken of the data set; 0 takes all. With minPicturesPerClass n: n pictures of each of the ⌈maxPictures / n⌉ largest classes; else evenly of all classes',
      ),
    minPicturesPerClass: z.int().min(0).describe('classes with fewer pictures are left out'),
    squaresFirst: z
      .boolean()
      .describe(
        'take square pictures first, then those within aspectTolerance, and no others; pictures that come in one size (imagenette, tiny-imagenet, fashion-mnist) are taken as they are',
      ),
    aspectTolerance: z
      .number()
      .min(0)
      .max(1)
      .describe('with squaresFirst: largest difference of width / height from 1 of a picture that is taken'),
    patchesPerDimension: z
      .int()
      .min(0)
      .max(64)
      .describe(
        'above 0, pictures.size follows the data set: model.patchSize × this for coco and imagenet, 160 for imagenette, 64 for tiny-imagenet; not where pictures.size is set by --set or --config',
      ),
    minCaptions: z.int().min(0).describe('pictures with fewer captions are left out, where the data set has captions'),
    minObjects: z.int().min(0).describe('pictures with fewer objects are left out, where the data set has objects'),
  }),
  pictures: z.strictObject({
    size: z
      .int()
      .min(8)
      .max(512)
      .describe('edge of the square picture that the model sees, in pixels; a multiple of model.patchSize'),
    thumbnail: z
      .int()
      .min(8)
      .max(1024)
      .describe(
        'edge of the square picture kept in the catalogue for people to look at, in pixels; smaller pictures are not enlarged',
      ),
    maxPixels: positive.describe('largest file that is decoded, in pixels (width × height); larger ones are skipped'),
  }),
  split: z.strictObject({
    retrievalFraction: fraction.describe('share of each class that becomes queries; the rest is the catalogue'),
    validationFraction: fraction.describe('share of the query pictures held out to decide when to stop'),
    testFraction: fraction.describe('share of the query pictures held out for the final measures'),
  }),
  identifiers: z.strictObject({
    scheme: z.enum(['numeric']),
    order: z.enum(IDENTIFIER_ORDERS).describe('clustered: numbered class by class; random: shuffled'),
    zeroPadding: z.boolean().describe('leading zeros, so that all identifiers have one length'),
  }),
  model: z.strictObject({
    patchSize: positive.describe('edge of a patch in pixels'),
    stem: z
      .enum(['linear', 'convolutional'])
      .describe('linear: one projection per patch; convolutional: two overlapping stages'),
    width: positive.describe('D, embedding width; a multiple of heads'),
    feedForwardWidth: positive.describe('F'),
    heads: positive.describe('H'),
    layers: positive.describe('L'),
    dropout: z.number().min(0).max(0.9).describe('on the embedded sequence and inside the feed-forward network'),
    positions: z.enum(['sinusoidal', 'learned']),
    attention: z.enum(['causal', 'prefix']).describe('causal: as the seed; prefix: patches see each other'),
  }),
  training: z.strictObject({
    plan: z
      .enum(['sequential', 'joint'])
      .describe('sequential: indexing, then retrieval; joint: both tasks in every batch'),
    batchSize: positive.describe('B, pictures per step'),
    indexingEpochs: z
      .number()
      .min(0)
      .describe('passes over the catalogue: the length of the indexing phase, or of the joint phase'),
    retrievalEpochs: z.number().min(0).describe('passes over the training queries; not used by the joint plan'),
    retrievalShare: fraction.describe('joint plan: share of a batch that is retrieval'),
    catalogueQueries: fraction.describe(
      'share of the retrieval examples whose query is a catalogue picture, for its class-mates and itself',
    ),
    identifiersPerQuery: positive.describe('R, relevant identifiers packed behind one picture'),
    setTargetsUpTo: z
      .int()
      .min(0)
      .describe(
        'largest catalogue that is taught all relevant identifiers of a picture at once, each alike; larger ones are taught identifiersPerQuery of them, drawn anew each time',
      ),
    learningRate: z.number().gt(0),
    schedule: z.enum(['constant', 'cosine']),
    warmupFraction: fraction.describe('share of a phase over which the learning rate rises from zero'),
    weightDecay: z.number().min(0),
    gradientClip: z.number().gt(0).describe('largest global norm of the gradient'),
    trieMasking: z.boolean().describe('train the digits against those the trie allows, as they are decoded'),
    validateEvery: positive.describe('steps between validations'),
    checkpointEvery: positive.describe('steps between checkpoints, from which an interrupted run goes on'),
    patience: z.int().min(0).describe('validations without improvement before a phase stops; 0 never stops early'),
  }),
  augmentation: z.strictObject({
    indexing: fraction.describe(
      'strength of the augmentation of catalogue pictures in the indexing task; 0 shows them as they are',
    ),
    retrieval: fraction.describe('strength of the augmentation of queries in the retrieval task'),
    clean: fraction.describe(
      'share of the queries that are shown as they are, as queries are when the index is searched',
    ),
    shift: fraction.describe('largest shift, as a share of the edge'),
    scale: fraction.describe('largest change of scale: 0.2 is 1/1.2 to 1.2'),
    rotate: z.number().min(0).max(180).describe('largest rotation, in degrees'),
    flip: z.boolean().describe('mirror left and right, where that changes no meaning'),
    colour: fraction.describe('largest change of brightness, contrast and saturation'),
    hue: z.number().min(0).max(180).describe('largest turn of all hues, in degrees'),
    erase: fraction.describe('probability that a rectangle is blanked out'),
  }),
  retrieval: z.strictObject({
    exactUpTo: z.int().min(0).describe('largest catalogue that is scored exhaustively; larger ones by beam search'),
    beam: positive.describe('beam width of the search over the trie'),
  }),
  bovw: z.strictObject({
    words: z.int().min(2).max(100_000).describe('k, visual words in the vocabulary'),
    rootSift: z.boolean().describe('square roots of the descriptors, so that their distances compare histograms'),
    restarts: positive.describe('runs of k-means from different seedings, of which the best is kept'),
    descriptorsInMemory: z
      .int()
      .min(1024)
      .describe('descriptors that k-means holds at a time; of more, it draws mini-batches'),
    weighting: z.enum(WEIGHTINGS).describe('counts: visual words count alike; tfidf: rare ones count more'),
    exactUpTo: z.int().min(0).describe('largest catalogue that is compared exhaustively; larger ones approximately'),
  }),
});

export type Config = z.infer<typeof configSchema>;
