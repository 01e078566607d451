import type { Explanation } from '../jobs/attention.ts';
import type {
  AddedPictures,
  CalibratedAnswers,
  RemovedPictures,
  SettledIndex,
  UpdatedIndex,
} from '../jobs/change-index.ts';
import type { IndexEvaluation } from '../jobs/evaluate-index.ts';
import type { ExportSummary } from '../jobs/export-index.ts';
import type { FoundDuplicates } from '../jobs/find-duplicates.ts';
import type { SystemName } from '../query/system.ts';
import type {
  Abortable,
  AddOptions,
  DuplicatesOptions,
  EvaluateOptions,
  ExplainOptions,
  ExportOptions,
  NewPicture,
  PicturesFrom,
  SearchManyOptions,
  SearchOptions,
  UpdateOptions,
} from './index-options.ts';
import type { Job } from './job.ts';
import type { IndexedPicture, PicturePixels, QueryCounts, SearchResult } from './results.ts';
import type { PictureName, PictureSource, SearchQuery } from './search-query.ts';

/**
 * An index that is open: what `openIndex` gives. Any number of searches may be under way at a time; those that come together go
 * through the network together. It is searched as it was when it was opened, or as the last change through it left it; `refresh` takes
 * what another program has made of it.
 *
 * Changes, measurements and exports are jobs (`Job`): each is a promise, and a loop over it tells how far it is.
 */
export interface Index extends AsyncDisposable {
  /** The folder, as an absolute path, or the place of shards. */
  readonly location: string;
  /** SHA-256 over everything that the index holds: another version has another one. */
  readonly digest: string;
  /** When it was built, as ISO 8601 has it. */
  readonly created: string;
  /** What it was built from: a path, or the name of a data set. */
  readonly source: string;
  /** Catalogue pictures: those that searches find. */
  readonly size: number;
  /** Pictures that it was trained and measured with, and that searches do not find. */
  readonly queries: QueryCounts;
  /** The systems that it can be searched with. */
  readonly systems: readonly SystemName[];

  /**
   * Searches for a picture, words, or both together.
   * @throws NeurodexError `picture-*` for a picture that cannot be read, `text-*`, `query-unsupported`, `query-empty`, `system-missing`,
   *   `relevance-unknown`; the reason of the signal
   * @example
   * ```ts
   * import { openIndex } from 'neurodex';
   *
   * await using index = await openIndex('pets');
   * const found = await index.search('cat.jpg', { k: 2 });
   * if (found.nothingFound) console.log('nothing in the index is like it');
   * // An answer has its name, score and relevance as well.
   * for (const { rank, labels } of found) console.log(rank, labels);
   * // → 1 [ 'cat' ]
   * // → 2 [ 'cat' ]
   * ```
   */
  search<Query extends SearchQuery>(query: Query, options?: SearchOptions): Promise<SearchResult<Query>>;

  /**
   * Searches for many queries. They are read ahead and answered in batches; results come in the order of the queries, and no more
   * than a few dozen of them wait in memory.
   * @throws NeurodexError as `search`, of the first query that cannot be answered, unless `onFailed` takes it
   * @example
   * ```ts
   * import { openIndex } from 'neurodex';
   *
   * await using index = await openIndex('pets');
   * for await (const { query, answers } of index.searchMany(['cat.jpg', 'dog.jpg'], { k: 1 })) {
   *   console.log(query, answers[0]?.labels);
   * }
   * // → cat.jpg [ 'cat' ]
   * // → dog.jpg [ 'dog' ]
   * ```
   */
  searchMany<Query extends SearchQuery>(
    queries: Iterable<Query> | AsyncIterable<Query>,
    options?: SearchManyOptions<Query>,
  ): AsyncIterableIterator<SearchResult<Query>>;

  /**
   * Which patches of a picture the network looked at for each token of an answer.
   * @throws NeurodexError `system-missing` without a network, `query-unsupported` of an index in shards, `usage` for an identifier that
   *   is not in the index
   * @example
   * ```ts
   * import { openIndex } from 'neurodex';
   *
   * await using index = await openIndex('pets');
   * const { picture, tokens } = await index.explain('cat.jpg');
   * const probabilities = tokens.map(({ probability }) => probability);
   * console.log(picture.startsWith('cat/'), probabilities.every((p) => p >= 0 && p <= 1)); // → true true
   * ```
   */
  explain(query: PictureSource, options?: ExplainOptions): Promise<Explanation>;

  /**
   * All pictures, those that searches find first; a loop may be left at any time.
   * @example
   * ```ts
   * import { openIndex } from 'neurodex';
   *
   * await using index = await openIndex('pets');
   * const roles = { catalogue: 0, train: 0, validation: 0, test: 0 };
   * for await (const { role } of index.pictures()) roles[role]++;
   * console.log(index.size, roles); // → 30 { catalogue: 30, train: 9, validation: 12, test: 9 }
   * ```
   */
  pictures(): AsyncIterableIterator<IndexedPicture>;

  /**
   * What is known of a picture; undefined where the index has none of that name or number.
   * @example
   * ```ts
   * import { openIndex } from 'neurodex';
   *
   * await using index = await openIndex('pets');
   * console.log((await index.picture({ id: 0 }))?.labels, await index.picture({ name: 'no such.jpg' })); // → [ 'bird' ] undefined
   * ```
   */
  picture(which: PictureName): Promise<IndexedPicture | undefined>;

  /**
   * The picture that the index keeps for people, as a PNG file.
   * @throws NeurodexError `picture-unknown`
   * @example
   * ```ts
   * import { readFile, writeFile } from 'node:fs/promises';
   * import { openIndex } from 'neurodex';
   *
   * await using index = await openIndex('pets');
   * await writeFile('first.png', await index.thumbnail({ id: 0 }));
   * console.log((await readFile('first.png')).toString('latin1', 1, 4)); // → PNG
   * ```
   */
  thumbnail(which: PictureName): Promise<Uint8Array>;

  /**
   * The picture as the network reads it.
   * @throws NeurodexError `picture-unknown`
   * @example
   * ```ts
   * import { openIndex } from 'neurodex';
   *
   * await using index = await openIndex('pets');
   * const { size, pixels } = await index.pixels({ id: 0 });
   * console.log(size, pixels.length); // → 16 768
   * ```
   */
  pixels(which: PictureName): Promise<PicturePixels>;

  /**
   * Every label of catalogue pictures, in the order of the alphabet, with the number of pictures that have it.
   * @example
   * ```ts
   * import { openIndex } from 'neurodex';
   *
   * await using index = await openIndex('pets');
   * for (const [label, pictures] of await index.labels()) console.log(label, pictures);
   * // → bird 10
   * // → cat 10
   * // → dog 10
   * ```
   */
  labels(): Promise<ReadonlyMap<string, number>>;

  /**
   * Adds pictures: searches find them when the job is done. Files that are in the index already are in `known`, and those that cannot
   * be read in `failed`.
   * @param pictures paths of files, pictures with their names, or a data set
   * @throws NeurodexError `index-fixed` where the network has memorised its pictures, `run-locked` while another program changes
   *   the index; of the first file where none can be used
   * @example
   * ```ts
   * import { openIndex } from 'neurodex';
   *
   * await using index = await openIndex('pets');
   * const { added, known } = await index.add([{ name: 'new/cat.jpg', picture: 'cat.jpg', labels: ['cat'] }]);
   * console.log(added.length, known.length, index.size); // → 1 0 31
   * ```
   */
  add(pictures: readonly (string | URL | NewPicture)[] | PicturesFrom, options?: AddOptions): Job<AddedPictures>;

  /**
   * Removes pictures, and all that the index says of them.
   * @throws NeurodexError `picture-unknown` naming the first that is not there: nothing is removed then
   * @example
   * ```ts
   * import { openIndex } from 'neurodex';
   *
   * await using index = await openIndex('pets');
   * const { removed } = await index.remove([{ id: 0 }]);
   * console.log(removed.length, await index.picture({ id: 0 }), index.size); // → 1 undefined 29
   * ```
   */
  remove(pictures: readonly PictureName[], options?: Abortable): Job<RemovedPictures>;

  /**
   * Makes an index in a folder what its source is now: adds, replaces, renames and removes what differs.
   * @throws NeurodexError `source-*`, `index-*`, `run-locked`
   * @example
   * ```ts
   * import { copyFile } from 'node:fs/promises';
   * import { openIndex } from 'neurodex';
   *
   * await copyFile('cat.jpg', 'photos/cat/new.jpg');
   * await using index = await openIndex('pets');
   * const { added, removed } = await index.update('./photos', { dryRun: true });
   * console.log(added, removed, index.size); // → [ 'cat/new.jpg' ] [] 30
   * ```
   */
  update(source: PicturesFrom, options?: UpdateOptions): Job<UpdatedIndex>;

  /**
   * Fits what makes probabilities of scores to the index as it is now.
   * @throws NeurodexError `relevance-unknown` where there are too few queries, `run-locked`
   * @example
   * ```ts
   * import { openIndex } from 'neurodex';
   *
   * await using index = await openIndex('pets');
   * for (const { system, queries } of (await index.calibrate()).systems) console.log(system, queries);
   * // → dsi 12
   * // → pixels 12
   * ```
   */
  calibrate(options?: Abortable): Job<CalibratedAnswers>;

  /**
   * Gives an index that has grown the clusters that fit its pictures, and calibrates it. Names and numbers stay, identifiers change.
   * @throws NeurodexError `index-fixed`, `run-locked`
   * @example
   * ```ts
   * import { openIndex } from 'neurodex';
   *
   * await using index = await openIndex('pets');
   * const { parts } = await index.settle();
   * console.log(parts, index.size); // → [ 1, 1 ] 30
   * ```
   */
  settle(options?: Abortable): Job<SettledIndex>;

  /**
   * Measures systems over the queries of a split.
   * @throws NeurodexError `usage` where there is no query to measure, `query-unsupported`, `system-missing`
   * @example
   * ```ts
   * import { openIndex } from 'neurodex';
   *
   * await using index = await openIndex('pets');
   * const { systems } = await index.evaluate({ systems: ['dsi'], measures: ['AP@10', 'Success@1'] });
   * console.log(systems.dsi?.['Success@1']); // → 1
   * ```
   */
  evaluate(options?: EvaluateOptions): Job<IndexEvaluation>;

  /**
   * Groups the pictures of an index in a folder that are duplicates of each other. Nothing of them is changed.
   * @throws NeurodexError `output-exists` for a page that is another file
   * @example
   * ```ts
   * import { openIndex } from 'neurodex';
   * import sharp from 'sharp';
   *
   * await using index = await openIndex('pets');
   * await sharp('cat.jpg').png({ compressionLevel: 1 }).toFile('again.png');
   * await index.add(['cat.jpg', 'again.png']);
   * for (const { members } of (await index.duplicates()).groups) console.log(members.length); // → 2
   * ```
   */
  duplicates(options?: DuplicatesOptions): Job<FoundDuplicates>;

  /**
   * Writes an index in a folder for other programs: ONNX files, a model repository of Triton, a web page.
   * @throws NeurodexError `output-exists`, `system-missing` without a network, `encoder-unusable`, `catalogue-too-large`
   * @example
   * ```ts
   * import { openIndex } from 'neurodex';
   *
   * await using index = await openIndex('pets');
   * const { exports } = await index.export({ out: { onnx: 'pets-onnx' } });
   * const files = exports.flatMap(({ files }) => files.map(({ file }) => file));
   * console.log(files.filter((file) => file.endsWith('.onnx'))); // → [ 'encoder_model.onnx', 'decoder_model.onnx' ]
   * ```
   */
  export(options: ExportOptions): Job<ExportSummary>;

  /**
   * Takes the version that is there now, where another program has changed the index. Searches that are under way end with the
   * version that they began with.
   * @returns whether it is another version
   * @example
   * ```ts
   * import { openIndex } from 'neurodex';
   *
   * await using index = await openIndex('pets');
   * await using other = await openIndex('pets');
   * await other.remove([{ id: 0 }]);
   * console.log(index.size, await index.refresh(), index.size); // → 30 true 29
   * ```
   */
  refresh(): Promise<boolean>;

  /** Waits for what is under way, and frees what the index holds; `await using` does so by itself. */
  close(): Promise<void>;
}
