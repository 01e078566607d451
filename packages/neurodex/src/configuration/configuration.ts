// Written by docs/update.ts from the schema in config.ts.

/** Every setting of an index. A preset is a complete one; `buildIndex` takes changes of single settings. */
export interface Configuration {
  /** Which pictures of a data set are taken. */
  readonly dataset: DatasetConfiguration;
  /** Sizes of the pictures. */
  readonly pictures: PicturesConfiguration;
  /** What becomes the catalogue, and what queries to train, validate and test with. */
  readonly split: SplitConfiguration;
  /** How catalogue pictures are named. */
  readonly identifiers: IdentifiersConfiguration;
  /** A frozen image encoder. */
  readonly encoder: EncoderConfiguration;
  /** The network. */
  readonly model: ModelConfiguration;
  /** How the network is trained. */
  readonly training: TrainingConfiguration;
  /** How the network learns to read. */
  readonly text: TextConfiguration;
  /** How pictures are changed for training. */
  readonly augmentation: AugmentationConfiguration;
  /** How identifiers are searched. */
  readonly retrieval: RetrievalConfiguration;
  /** The bag of visual words. */
  readonly bovw: BovwConfiguration;
}

/** Which pictures of a data set are taken. A section of `Configuration`. */
export interface DatasetConfiguration {
  /** Most pictures that are taken of the data set; 0 takes all. With minPicturesPerClass n: n pictures of each of the ⌈maxPictures / n⌉ largest classes; else evenly of all classes. */
  readonly maxPictures: number;
  /** Classes with fewer pictures are left out. */
  readonly minPicturesPerClass: number;
  /** Take square pictures first, then those within aspectTolerance, and no others; pictures that come in one size (imagenette, tiny-imagenet, fashion-mnist) are taken as they are. */
  readonly squaresFirst: boolean;
  /** With squaresFirst: largest difference of width / height from 1 of a picture that is taken. */
  readonly aspectTolerance: number;
  /** Above 0, pictures.size follows the data set: model.patchSize × this for coco and imagenet, 160 for imagenette, 64 for tiny-imagenet; not where pictures.size is set by --set or --config. */
  readonly patchesPerDimension: number;
  /** Pictures with fewer captions are left out, where the data set has captions. */
  readonly minCaptions: number;
  /** Pictures with fewer objects are left out, where the data set has objects. */
  readonly minObjects: number;
  /** Of pictures that show the same (copies that were encoded again, resized, slightly cropped or mirrored as well) only the best is taken. */
  readonly dedupe: boolean;
  /** Of a folder: layout finds the class folders; folder: the path of the folder that a picture lies in; top: its first folder; keywords: those in the picture (XMP, IPTC) or in an XMP file beside it; none: no labels. */
  readonly labels: 'layout' | 'folder' | 'top' | 'keywords' | 'none';
  /** What becomes of the EXIF, XMP and IPTC metadata of pictures. columns: date, place, camera, rating and keywords are columns of the catalogue, for search --where; words: title, description and keywords are also captions; none: it is not read. */
  readonly metadata: 'none' | 'columns' | 'words';
}

/** Sizes of the pictures. A section of `Configuration`. */
export interface PicturesConfiguration {
  /** Edge of the square picture that the model sees, in pixels; a multiple of model.patchSize. */
  readonly size: number;
  /** Edge of the square picture kept in the catalogue for people to look at, in pixels; smaller pictures are not enlarged. */
  readonly thumbnail: number;
  /** Largest file that is decoded, in pixels (width × height); larger ones are skipped. */
  readonly maxPixels: number;
}

/** What becomes the catalogue, and what queries to train, validate and test with. A section of `Configuration`. */
export interface SplitConfiguration {
  /** Share of each class that becomes queries; the rest is the catalogue. */
  readonly retrievalFraction: number;
  /** Share of the query pictures held out to decide when to stop. */
  readonly validationFraction: number;
  /** Share of the query pictures held out for the final measures. */
  readonly testFraction: number;
}

/** How catalogue pictures are named. A section of `Configuration`. */
export interface IdentifiersConfiguration {
  /** Numeric: dense numbers; semantic: paths in a tree of clusters, made without labels. */
  readonly scheme: 'numeric' | 'semantic';
  /** Numeric: clustered numbers class by class, random shuffles; semantic identifiers have no such order. */
  readonly order: 'clustered' | 'random';
  /** Zeros before a numeric identifier, or behind a semantic one, so that all have one length. */
  readonly zeroPadding: boolean;
  /** Semantic: most clusters that a cluster is divided into; above 10, dots separate the tokens. */
  readonly branching: number;
  /** Semantic: most pictures of a cluster that is not divided further; they are numbered. */
  readonly leafSize: number;
  /** Semantic: the vectors that are clustered, those that the system of that name compares; network: the states that the network makes of the pictures, with the plan write alone. */
  readonly vectors: 'bovw' | 'pixels' | 'encoder' | 'network';
}

/** A frozen image encoder. A section of `Configuration`. */
export interface EncoderConfiguration {
  /** Image encoder in front of the network: the name of one that is downloaded once (dinov2-small, clip-vit-b32, siglip2-base, mobileclip-s0, efficientnet-lite0), an ONNX file, a folder with towers and preprocessing (docs/encoders.md), or the folder of an index, whose network becomes the encoder; empty for none. */
  readonly file: string;
  /** Fills in the keys below that are left empty. */
  readonly preset: 'none' | 'dinov2' | 'clip' | 'siglip';
  /** The network reads the embeddings in place of pixels; false leaves them to the system encoder and to identifiers.vectors. */
  readonly frozenBackbone: boolean;
  /** Name of the input; empty for that of the preset, or the only one. */
  readonly input: string;
  /** Name of the output; empty for that of the preset, or the first. */
  readonly output: string;
  /** Edge of the square picture that the encoder takes; 0 for that of the preset or the file. */
  readonly size: number;
  /** Subtracted from values of 0 to 1, for each channel; [] for that of the preset. */
  readonly mean: readonly number[];
  /** Divides the values after the subtraction, for each channel; [] for that of the preset. */
  readonly std: readonly number[];
  /** Augmented views of each picture that are embedded beside the clean one, for training. */
  readonly views: number;
}

/** The network. A section of `Configuration`. */
export interface ModelConfiguration {
  /** Edge of a patch in pixels. */
  readonly patchSize: number;
  /** Linear: one projection per patch; windows: of overlapping windows; convolutional: windows, and a convolution over each and those around it. */
  readonly stem: 'linear' | 'windows' | 'convolutional';
  /** Of stems of windows: along the edge of a patch, each twice as long as the steps between them. */
  readonly windows: number;
  /** D, embedding width; a multiple of heads. */
  readonly width: number;
  /** F. */
  readonly feedForwardWidth: number;
  /** H. */
  readonly heads: number;
  /** L. */
  readonly layers: number;
  /** On the embedded sequence and inside the feed-forward network. */
  readonly dropout: number;
  /** Token: a token has the same embedding wherever it stands; prefix: every prefix of identifiers has an embedding of its own, which is learned several times faster where identifiers are in random order. */
  readonly embedding: 'token' | 'prefix';
  /** Shared: one output matrix for all positions; own: every embedding, of a token or a prefix, has a matrix of its own (after NCI’s prefix-aware weights, Wang et al. 2022). */
  readonly output: 'shared' | 'own';
  /** positions */
  readonly positions: 'sinusoidal' | 'learned';
  /** Causal: as the seed; prefix: patches attend to each other. */
  readonly attention: 'causal' | 'prefix';
}

/** How the network is trained. A section of `Configuration`. */
export interface TrainingConfiguration {
  /** Sequential: indexing, then retrieval; joint: both tasks in every batch; write: the network learns to see for seeSteps or minutes, however large the catalogue is, and the memory is written in closed form. */
  readonly plan: 'sequential' | 'joint' | 'write';
  /** Write: most steps in which the network learns to see, where minutes is 0. */
  readonly seeSteps: number;
  /** Write: most passes over the pictures in those steps, which a small catalogue has enough of. */
  readonly seeEpochs: number;
  /** Write: time for the whole build; the network learns to see for what the other stages leave. 0: seeSteps. */
  readonly minutes: number;
  /** Write: a quarter (low), all (normal) or three times (high) of the steps that seeSteps and seeEpochs give; normal where minutes decides. */
  readonly effort: 'low' | 'normal' | 'high';
  /** Write: the temperature of the contrastive loss, by which cosines are divided. */
  readonly contrast: number;
  /** Folder of an index, or its model.safetensors: parameters start from its values where names and shapes agree; empty for none. */
  readonly initialise: string;
  /** B, pictures per step. */
  readonly batchSize: number;
  /** Passes over the catalogue: the length of the indexing phase, or of the joint phase. */
  readonly indexingEpochs: number;
  /** Passes over the training queries; not used by the joint plan. */
  readonly retrievalEpochs: number;
  /** Joint plan: share of a batch that is retrieval. */
  readonly retrievalShare: number;
  /** Share of the retrieval examples whose query is a catalogue picture, for its class-mates and itself. */
  readonly selfQueryFraction: number;
  /** When a catalogue picture is the query: the least target weight of its own identifier; its class-mates share the rest. */
  readonly selfTargetWeight: number;
  /** R, relevant identifiers packed behind one picture. */
  readonly identifiersPerQuery: number;
  /** Largest catalogue whose loss covers all relevant identifiers of a picture at once, with equal weights; larger ones draw identifiersPerQuery of them for each step. */
  readonly multiTargetMaxSize: number;
  /** Adamw: for all parameters; muon: the updates of the matrices of linear layers have singular values near 1, all else follows adamw. */
  readonly optimizer: 'adamw' | 'muon';
  /** learningRate */
  readonly learningRate: number;
  /** schedule */
  readonly schedule: 'constant' | 'cosine';
  /** Share of a phase over which the learning rate rises from zero. */
  readonly warmupFraction: number;
  /** weightDecay */
  readonly weightDecay: number;
  /** Largest global norm of the gradient. */
  readonly gradientClip: number;
  /** Compute the softmax over the tokens that the trie allows, as decoding does. */
  readonly trieMasking: boolean;
  /** Steps between validations. */
  readonly validateEvery: number;
  /** Steps between checkpoints, from which an interrupted run goes on. */
  readonly checkpointEvery: number;
  /** Validations without improvement before a phase stops; 0 never stops early. */
  readonly patience: number;
}

/** How the network learns to read. A section of `Configuration`. */
export interface TextConfiguration {
  /** Write: most tokens of a caption, label, name or query that the network reads; 0: it never learns to read, and takes no text. */
  readonly tokens: number;
  /** Frozen text encoder in front of the network that reads: an ONNX file with its tokenizer.json beside it, a folder of both, or the folder of an index; empty for the one that comes with encoder.file, where one does; none: tokens are learned from the texts of the pictures. */
  readonly encoder: string;
  /** Tokens that are learned from the texts of the pictures, at most. */
  readonly vocabulary: number;
  /** Blocks of the network that reads. */
  readonly layers: number;
  /** As model.dropout, of the network that reads. */
  readonly dropout: number;
  /** Standard deviation of the noise that is added to vectors of a frozen text encoder in training, as a multiple of their own spread around their mean. */
  readonly noise: number;
  /** Texts per step. */
  readonly batchSize: number;
  /** Most steps in which the network learns to read. */
  readonly steps: number;
  /** Most passes over the texts in those steps, which a few texts have enough of. */
  readonly epochs: number;
  /** learningRate */
  readonly learningRate: number;
  /** Share of the captions of catalogue pictures that no system learns from, so that evaluate can ask them; one caption of a picture always stays. */
  readonly withheld: number;
}

/** How pictures are changed for training. A section of `Configuration`. */
export interface AugmentationConfiguration {
  /** Strength of the augmentation of catalogue pictures in the indexing task; 0 leaves them unchanged. */
  readonly indexing: number;
  /** Strength of the augmentation of queries in the retrieval task. */
  readonly retrieval: number;
  /** Share of the queries that are not augmented, like queries of a search. */
  readonly clean: number;
  /** Largest shift, as a share of the edge. */
  readonly shift: number;
  /** Largest change of scale: 0.2 is 1/1.2 to 1.2. */
  readonly scale: number;
  /** Largest rotation, in degrees. */
  readonly rotate: number;
  /** Mirror left and right, where that changes no meaning. */
  readonly flip: boolean;
  /** Largest change of brightness, contrast and saturation. */
  readonly colour: number;
  /** Largest turn of all hues, in degrees. */
  readonly hue: number;
  /** Probability that a rectangle is blanked out. */
  readonly erase: number;
}

/** How identifiers are searched. A section of `Configuration`. */
export interface RetrievalConfiguration {
  /** Largest catalogue that is scored exhaustively; larger ones by beam search. */
  readonly exactUpTo: number;
  /** Beam width of the search over the trie. */
  readonly beam: number;
}

/** The bag of visual words. A section of `Configuration`. */
export interface BovwConfiguration {
  /** K, visual words in the vocabulary. */
  readonly words: number;
  /** Square roots of the descriptors, so that their distances compare histograms. */
  readonly rootSift: boolean;
  /** Runs of k-means from different seedings, of which the best is kept. */
  readonly restarts: number;
  /** Descriptors that k-means holds at a time; of more, it draws mini-batches. */
  readonly descriptorsInMemory: number;
  /** Counts: visual words count alike; tfidf: rare ones count more. */
  readonly weighting: 'counts' | 'tfidf';
  /** Largest catalogue that is compared exhaustively; larger ones approximately. */
  readonly exactUpTo: number;
}

/** Settings that differ from those of a preset: any keys of any sections. */
export type ConfigurationChanges = {
  readonly [Section in keyof Configuration]?: Partial<Configuration[Section]>;
};
