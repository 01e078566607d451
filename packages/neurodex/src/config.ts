import { z } from 'zod';
import { EFFORTS } from './effort.ts';

/** How a scheme numbers the catalogue. */
export const IDENTIFIER_ORDERS = ['clustered', 'random'] as const;
export type IdentifierOrder = (typeof IDENTIFIER_ORDERS)[number];

/** What an embedding of the network stands for: a token, wherever it comes, or a whole prefix of identifiers. */
export const EMBEDDINGS = ['token', 'prefix'] as const;
export type Embedding = (typeof EMBEDDINGS)[number];

/** Whether what is embedded shares an output matrix, or each has its own. */
export const OUTPUTS = ['shared', 'own'] as const;

/** How a network is made (training/plan.ts): memorised by gradient, or seen by gradient and written in closed form. */
export const PLANS = ['sequential', 'joint', 'write'] as const;
export type PlanName = (typeof PLANS)[number];

/** What makes updates of gradients. */
export const STEMS = ['linear', 'windows', 'convolutional'] as const;
const OPTIMIZERS = ['adamw', 'muon'] as const;

/** How the baseline's visual words count. */
export const WEIGHTINGS = ['counts', 'tfidf'] as const;
export type Weighting = (typeof WEIGHTINGS)[number];

/** Where the labels of a folder come from, as `LABEL_SOURCES` of the data sets has it. */
const LABEL_SOURCES = ['layout', 'folder', 'top', 'keywords', 'none'] as const;

/** What becomes of what pictures say of themselves (pictures/describe-source.ts). */
export const METADATA_USES = ['none', 'columns', 'words'] as const;
export type MetadataUse = (typeof METADATA_USES)[number];

/** What semantic identifiers cluster. */
export const VECTORS = ['bovw', 'pixels', 'encoder', 'network'] as const;
export type VectorSource = (typeof VECTORS)[number];

/** Families of ONNX encoders whose inputs and outputs are known (models/encoder/presets.ts). */
export const ENCODER_PRESETS = ['none', 'dinov2', 'clip', 'siglip'] as const;
export type EncoderPreset = (typeof ENCODER_PRESETS)[number];

/** Encoders that are known by name (models/encoder/named-encoders.ts). */
export const ENCODER_NAMES = [
  'dinov2-small',
  'clip-vit-b32',
  'siglip2-base',
  'mobileclip-s0',
  'efficientnet-lite0',
] as const;
export type EncoderName = (typeof ENCODER_NAMES)[number];

/**
 * The whole configuration of an index as plain data. Presets are complete values of it; `--config` and `--set` change
 * single keys. Every object is strict: a key that is not here is refused.
 */
const positive = z.int().min(1);
const fraction = z.number().min(0).max(1);
/** Of red, green and blue. */
const perChannel = z.array(z.number()).max(3);

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
    // An index that was made before there was such a key can still be changed and built again.
    dedupe: z
      .boolean()
      .default(false)
      .describe(
        'of pictures that show the same (copies that were encoded again, resized, slightly cropped or mirrored as well) only the best is taken',
      ),
    labels: z
      .enum(LABEL_SOURCES)
      .default('layout')
      .describe(
        'of a folder: layout finds the class folders; folder: the path of the folder that a picture lies in; top: its first folder; keywords: those in the picture (XMP, IPTC) or in an XMP file beside it; none: no labels',
      ),
    metadata: z
      .enum(METADATA_USES)
      .default('columns')
      .describe(
        'what becomes of the EXIF, XMP and IPTC metadata of pictures. columns: date, place, camera, rating and keywords are columns of the catalogue, for search --where; words: title, description and keywords are also captions; none: it is not read',
      ),
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
    scheme: z
      .enum(['numeric', 'semantic'])
      .describe('numeric: dense numbers; semantic: paths in a tree of clusters, made without labels'),
    order: z
      .enum(IDENTIFIER_ORDERS)
      .describe('numeric: clustered numbers class by class, random shuffles; semantic identifiers have no such order'),
    zeroPadding: z
      .boolean()
      .describe('zeros before a numeric identifier, or behind a semantic one, so that all have one length'),
    branching: z
      .int()
      .min(2)
      .max(1000)
      .describe('semantic: most clusters that a cluster is divided into; above 10, dots separate the tokens'),
    leafSize: z
      .int()
      .min(1)
      .max(100_000)
      .describe('semantic: most pictures of a cluster that is not divided further; they are numbered'),
    vectors: z
      .enum(VECTORS)
      .describe(
        'semantic: the vectors that are clustered, those that the system of that name compares; network: the states that the network makes of the pictures, with the plan write alone',
      ),
  }),
  encoder: z.strictObject({
    file: z
      .string()
      .describe(
        `image encoder in front of the network: the name of one that is downloaded once (${ENCODER_NAMES.join(', ')}), an ONNX file, a folder with towers and preprocessing (docs/encoders.md), or the folder of an index, whose network becomes the encoder; empty for none`,
      ),
    preset: z.enum(ENCODER_PRESETS).describe('fills in the keys below that are left empty'),
    frozenBackbone: z
      .boolean()
      .describe(
        'the network reads the embeddings in place of pixels; false leaves them to the system encoder and to identifiers.vectors',
      ),
    input: z.string().describe('name of the input; empty for that of the preset, or the only one'),
    output: z.string().describe('name of the output; empty for that of the preset, or the first'),
    size: z
      .int()
      .min(0)
      .max(2048)
      .describe('edge of the square picture that the encoder takes; 0 for that of the preset or the file'),
    mean: perChannel.describe('subtracted from values of 0 to 1, for each channel; [] for that of the preset'),
    std: perChannel.describe('divides the values after the subtraction, for each channel; [] for that of the preset'),
    views: z
      .int()
      .min(0)
      .max(100)
      .describe('augmented views of each picture that are embedded beside the clean one, for training'),
  }),
  model: z.strictObject({
    patchSize: positive.describe('edge of a patch in pixels'),
    stem: z
      .enum(STEMS)
      .describe(
        'linear: one projection per patch; windows: of overlapping windows; convolutional: windows, and a convolution over each and those around it',
      ),
    windows: z
      .int()
      .min(1)
      .max(64)
      .describe('of stems of windows: along the edge of a patch, each twice as long as the steps between them'),
    width: positive.describe('D, embedding width; a multiple of heads'),
    feedForwardWidth: positive.describe('F'),
    heads: positive.describe('H'),
    layers: positive.describe('L'),
    dropout: z.number().min(0).max(0.9).describe('on the embedded sequence and inside the feed-forward network'),
    embedding: z
      .enum(EMBEDDINGS)
      .describe(
        'token: a token has the same embedding wherever it stands; prefix: every prefix of identifiers has an embedding of its own, which is learned several times faster where identifiers are in random order',
      ),
    output: z
      .enum(OUTPUTS)
      .describe(
        'shared: one output matrix for all positions; own: every embedding, of a token or a prefix, has a matrix of its own (after NCI’s prefix-aware weights, Wang et al. 2022)',
      ),
    positions: z.enum(['sinusoidal', 'learned']),
    attention: z.enum(['causal', 'prefix']).describe('causal: as the seed; prefix: patches attend to each other'),
  }),
  training: z.strictObject({
    plan: z
      .enum(PLANS)
      .describe(
        'sequential: indexing, then retrieval; joint: both tasks in every batch; write: the network learns to see for seeSteps or minutes, however large the catalogue is, and the memory is written in closed form',
      ),
    seeSteps: positive.describe('write: most steps in which the network learns to see, where minutes is 0'),
    seeEpochs: positive.describe(
      'write: most passes over the pictures in those steps, which a small catalogue has enough of',
    ),
    minutes: z
      .number()
      .min(0)
      .max(100_000)
      .describe(
        'write: time for the whole build; the network learns to see for what the other stages leave. 0: seeSteps',
      ),
    // Runs and indexes of before it do not record it.
    effort: z
      .enum(EFFORTS)
      .default('normal')
      .describe(
        'write: a quarter (low), all (normal) or three times (high) of the steps that seeSteps and seeEpochs give; normal where minutes decides',
      ),
    contrast: z.number().gt(0).describe('write: the temperature of the contrastive loss, by which cosines are divided'),
    initialise: z
      .string()
      .describe(
        'folder of an index, or its model.safetensors: parameters start from its values where names and shapes agree; empty for none',
      ),
    batchSize: positive.describe('B, pictures per step'),
    indexingEpochs: z
      .number()
      .min(0)
      .describe('passes over the catalogue: the length of the indexing phase, or of the joint phase'),
    retrievalEpochs: z.number().min(0).describe('passes over the training queries; not used by the joint plan'),
    retrievalShare: fraction.describe('joint plan: share of a batch that is retrieval'),
    selfQueryFraction: fraction.describe(
      'share of the retrieval examples whose query is a catalogue picture, for its class-mates and itself',
    ),
    selfTargetWeight: fraction.describe(
      'when a catalogue picture is the query: the least target weight of its own identifier; its class-mates share the rest',
    ),
    identifiersPerQuery: positive.describe('R, relevant identifiers packed behind one picture'),
    multiTargetMaxSize: z
      .int()
      .min(0)
      .describe(
        'largest catalogue whose loss covers all relevant identifiers of a picture at once, with equal weights; larger ones draw identifiersPerQuery of them for each step',
      ),
    // Runs and indexes of before it do not record it.
    optimizer: z
      .enum(OPTIMIZERS)
      .default('adamw')
      .describe(
        'adamw: for all parameters; muon: the updates of the matrices of linear layers have singular values near 1, all else follows adamw',
      ),
    learningRate: z.number().gt(0),
    schedule: z.enum(['constant', 'cosine']),
    warmupFraction: fraction.describe('share of a phase over which the learning rate rises from zero'),
    weightDecay: z.number().min(0),
    gradientClip: z.number().gt(0).describe('largest global norm of the gradient'),
    trieMasking: z.boolean().describe('compute the softmax over the tokens that the trie allows, as decoding does'),
    validateEvery: positive.describe('steps between validations'),
    checkpointEvery: positive.describe('steps between checkpoints, from which an interrupted run goes on'),
    patience: z.int().min(0).describe('validations without improvement before a phase stops; 0 never stops early'),
  }),
  text: z.strictObject({
    tokens: z
      .int()
      .min(0)
      .max(256)
      .describe(
        'write: most tokens of a caption, label, name or query that the network reads; 0: it never learns to read, and takes no text',
      ),
    encoder: z
      .string()
      .describe(
        'frozen text encoder in front of the network that reads: an ONNX file with its tokenizer.json beside it, a folder of both, or the folder of an index; empty for the one that comes with encoder.file, where one does; none: tokens are learned from the texts of the pictures',
      ),
    vocabulary: z
      .int()
      .min(256)
      .max(65_536)
      .describe('tokens that are learned from the texts of the pictures, at most'),
    layers: positive.describe('blocks of the network that reads'),
    dropout: z.number().min(0).max(0.9).describe('as model.dropout, of the network that reads'),
    noise: z
      .number()
      .min(0)
      .max(10)
      .describe(
        'standard deviation of the noise that is added to vectors of a frozen text encoder in training, as a multiple of their own spread around their mean',
      ),
    batchSize: positive.describe('texts per step'),
    steps: positive.describe('most steps in which the network learns to read'),
    epochs: positive.describe('most passes over the texts in those steps, which a few texts have enough of'),
    learningRate: z.number().gt(0),
    withheld: fraction.describe(
      'share of the captions of catalogue pictures that no system learns from, so that evaluate can ask them; one caption of a picture always stays',
    ),
  }),
  augmentation: z.strictObject({
    indexing: fraction.describe(
      'strength of the augmentation of catalogue pictures in the indexing task; 0 leaves them unchanged',
    ),
    retrieval: fraction.describe('strength of the augmentation of queries in the retrieval task'),
    clean: fraction.describe('share of the queries that are not augmented, like queries of a search'),
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
