/** What the name of a folder says that it holds. A class is anything else. */
export type FolderKind =
  /** One part of a published division: `train`, `Test`, `val2017`, `training_set`. */
  | { readonly kind: 'split'; readonly part: SplitPart }
  /** Pictures, whatever they show: `images`, `JPEGImages`, `part_2`. */
  | { readonly kind: 'container' }
  /** What somebody drew upon pictures, as pictures: `masks`, `SegmentationClass`, `trainannot`. */
  | { readonly kind: 'annotation' }
  | { readonly kind: 'class' };

export type SplitPart = 'catalogue' | 'train' | 'validation' | 'test' | 'query' | 'unlabelled';

const SPLIT_WORDS: ReadonlyMap<string, SplitPart> = new Map(
  (
    [
      ['catalogue', 'catalogue catalog gallery'],
      ['train', 'train training trn trainval trainvalid'],
      ['validation', 'validation val valid validate dev devel development eval evaluation evaluate holdout'],
      ['test', 'test testing tst tests'],
      ['query', 'query queries probe'],
      ['unlabelled', 'unlabelled unlabeled unlabel nolabel unsupervised unsup pred predict prediction predictions'],
    ] as const
  ).flatMap(([part, words]) => words.split(' ').map((word) => [word, part] as const)),
);
const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const ANNOTATIONS = words(
  'mask masks label labels annotation annotations annot annots segmentation segmentations segmentationclass segmentationobject groundtruth gt',
);
const CONTAINERS = words(
  'image images img imgs jpegimages picture pictures pic pics photo photos jpg jpeg png data dataset datasets part parts fold folds batch batches chunk shard subset split splits',
);
/** Words that change nothing beside a split's: `training_set`, `test images`, `val_full`. */
const BESIDE = words(
  'set sets folder folders files dir full all small mini final original raw copy labelled labeled public private',
);

/** 'TrainingSet-2' → training, set, 2: words and numbers, in lower case. */
const wordsOf = (name: string): string[] =>
  name
    .normalize('NFKC')
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .replace(/\b(un|no)[-_ ]+label/g, '$1label')
    .replace(/\b(hold)[-_ ]+out/g, '$1out')
    .replace(/(ground)[-_ ]+truth/g, '$1truth')
    .replace(/(\p{L})(?=\p{N})|(\p{N})(?=\p{L})/gu, '$& ')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');

/** 'trainset' → train, set; 'trainannot' → train, annot. */
function parts(word: string): string[] {
  if (SPLIT_WORDS.has(word) || CONTAINERS.has(word) || ANNOTATIONS.has(word)) return [word];
  for (let end = 3; end < word.length; end++) {
    const [head, tail] = [word.slice(0, end), word.slice(end)];
    if (SPLIT_WORDS.has(head) && (CONTAINERS.has(tail) || ANNOTATIONS.has(tail) || BESIDE.has(tail)))
      return [head, tail];
  }
  return [word];
}

/** What a folder holds, by its name alone. */
export function folderKind(name: string): FolderKind {
  const found = wordsOf(name)
    .flatMap(parts)
    .filter((word) => !/^\p{N}+$/u.test(word) && !BESIDE.has(word));
  const unknown = found.filter((word) => !SPLIT_WORDS.has(word) && !CONTAINERS.has(word) && !ANNOTATIONS.has(word));
  const drawn = found.some((word) => ANNOTATIONS.has(word));
  // VOC's SegmentationClass and SegmentationObject.
  const known = unknown.every((word) => drawn && (word === 'class' || word === 'object'));
  if (found.length === 0 || !known) return { kind: 'class' };
  if (drawn) return { kind: 'annotation' };
  const part = found.map((word) => SPLIT_WORDS.get(word)).find((each) => each !== undefined);
  return part === undefined ? { kind: 'container' } : { kind: 'split', part };
}

/** The split that a name is that of; undefined for any other name. */
export function splitPartOf(name: string): SplitPart | undefined {
  const found = folderKind(name);
  return found.kind === 'split' ? found.part : undefined;
}

/**
 * The splits that several names are of when each is a split's word and something that they share (`seg_train`, `seg_test`;
 * `asl_alphabet_train`, `asl_alphabet_test`), by name; undefined when they are not, or are all of one split.
 */
export function splitsOfOneStem(names: readonly string[]): ReadonlyMap<string, SplitPart> | undefined {
  const found = new Map<string, SplitPart>();
  const stems = new Set<string>();
  for (const name of names) {
    const split = splitAndStem(name);
    if (split === undefined) return undefined;
    found.set(name, split.part);
    stems.add(split.stem);
  }
  return stems.size === 1 && new Set(found.values()).size > 1 ? found : undefined;
}

/** 'seg_train' → train and 'seg'; 'test_cat 2' → test and 'cat'; undefined without a split's word at either end. */
export function splitAndStem(name: string): { readonly part: SplitPart; readonly stem: string } | undefined {
  const found = wordsOf(name)
    .flatMap(parts)
    .filter((word) => !/^\p{N}+$/u.test(word) && !BESIDE.has(word));
  for (const at of [found.length - 1, 0]) {
    const part = SPLIT_WORDS.get(found[at] ?? '');
    if (part !== undefined) return { part, stem: found.filter((_, i) => i !== at).join(' ') };
  }
  return undefined;
}
