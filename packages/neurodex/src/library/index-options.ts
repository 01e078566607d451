import type { Device, Precision } from '@neurodex/autograd';
import type { CocoSplit, CocoYear, Dataset } from '@neurodex/datasets';
import type { ProtocolName } from '../evaluation/protocol.ts';
import type { TextRelevanceName } from '../evaluation/text-relevance.ts';
import type { ExportKind } from '../export/kinds.ts';
import type { DuplicateKind } from '../pictures/duplicate-facts.ts';
import type { SystemName } from '../query/system.ts';
import type { IndexWarning } from './results.ts';

/** Variables of the environment, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** How an operation is stopped. */
export interface Abortable {
  /** Ends it: it fails with the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
}

/** How an index in shards is searched. */
export interface ShardOptions {
  /** Shards that each query is sent to; 4 by default. */
  readonly asked?: number | undefined;
  /** Shards that are open at a time, whose vectors are in memory; 64 by default. */
  readonly mostOpen?: number | undefined;
  /** Bytes of this machine's copies of shards at most; 20 GiB by default. */
  readonly cacheBytes?: number | undefined;
}

/** How `openIndex` opens an index. */
export interface OpenOptions extends Abortable {
  /** Systems that are loaded before the index is there, and refused where it lacks them; each is loaded by its first search by default. */
  readonly systems?: readonly SystemName[] | undefined;
  /** What computes: `cpu` by default. */
  readonly device?: Device | undefined;
  /** Threads of one search; all cores by default. */
  readonly threads?: number | undefined;
  /** Of an index in shards. */
  readonly shards?: ShardOptions | undefined;
  /** Credentials of a store, and the place of the cache; `process.env` by default. */
  readonly environment?: Environment | undefined;
  /** Told of what a person should know, such as words that are too long to be read whole. */
  readonly onWarning?: ((warning: IndexWarning) => void) | undefined;
}

/** What `Index.search` looks for. */
export interface SearchOptions extends Abortable {
  /** Answers, 1 or more; 10 by default. */
  readonly k?: number | undefined;
  /** The system to search with: by default the first that takes the query, which is `dsi` where the index has a network that does. */
  readonly system?: SystemName | undefined;
  /** Answers with at least this relevance, 0 … 1, and no others. */
  readonly minRelevance?: number | undefined;
  /** In place of k answers, the fewest of which one is relevant with this probability, between 0 and 1. */
  readonly confidence?: number | undefined;
  /** Answers also where the likeliest outcome is that nothing is relevant. */
  readonly all?: boolean | undefined;
  /** Only pictures that a filter takes, such as `year=2024 and place=Paris`; not together with `confidence`. */
  readonly where?: string | undefined;
}

/** What `Index.searchMany` looks for. */
export interface SearchManyOptions<Query> extends SearchOptions {
  /** Told of a query that cannot be read or answered, which is then left out: by default the loop throws its error. */
  readonly onFailed?: ((query: Query, error: Error) => void) | undefined;
}

/** What `Index.explain` explains. */
export interface ExplainOptions extends Abortable {
  /** The identifier of the answer; that of the best one by default. */
  readonly identifier?: string | undefined;
}

/** A picture that comes to an index. */
export interface NewPicture {
  /** What it is called from then on, '/' between folders. */
  readonly name: string;
  /** The path of a file, a `file:` URL, or the bytes of a file. */
  readonly picture: string | URL | Uint8Array;
  /** Its classes; none by default. */
  readonly labels?: readonly string[] | undefined;
  /** Sentences that describe it; none by default. */
  readonly captions?: readonly string[] | undefined;
}

/** What is said of a source of pictures beside its name. */
export interface SourceOptions {
  /** Where the copy of a named data set is; it is downloaded by default. */
  readonly from?: string | undefined;
  /** With `emoji`: how many concepts; 64 by default. */
  readonly concepts?: number | undefined;
  /** With `coco`: its year; 2014 by default. */
  readonly cocoYear?: CocoYear | undefined;
  /** With `coco`: its part; `val` by default. */
  readonly cocoSplit?: CocoSplit | undefined;
  /** With a folder: which folder of a path is the class, 1 for the first, 0 for no classes; by the layout by default. */
  readonly classLevel?: number | undefined;
  /** With Parquet, JSON lines or a table: the column or key of the labels. */
  readonly labelColumn?: string | undefined;
  /** With Parquet, JSON lines or a table: the column or key of the pictures. */
  readonly pictureColumn?: string | undefined;
}

/**
 * Where pictures come from: the path of a folder, an archive or a file of pictures, the name of a data set (`emoji`, `coco` …), or a
 * data set that is open.
 */
export type PicturesFrom = string | URL | Dataset;

/** How `Index.add` adds pictures. */
export interface AddOptions extends Abortable {
  /** Classes of pictures that are given as paths; none by default. */
  readonly labels?: readonly string[] | undefined;
}

/** How `Index.update` compares an index with its source. */
export interface UpdateOptions extends Abortable, SourceOptions {
  /** Tells what differs, and changes nothing. */
  readonly dryRun?: boolean | undefined;
}

/** How `Index.evaluate` measures. */
export interface EvaluateOptions extends Abortable {
  /** Systems that are measured; all that the index lists by default. */
  readonly systems?: readonly SystemName[] | undefined;
  /** Queries that are asked; `test` by default. */
  readonly split?: 'test' | 'validation' | undefined;
  /** Measures by their names in ir_measures, such as `AP@10`; those of the protocol by default. */
  readonly measures?: readonly string[] | undefined;
  /** How pictures are asked; `full` by default. */
  readonly protocol?: ProtocolName | undefined;
  /** Whether captions are asked beside pictures; by default where a system reads and there are captions to ask. */
  readonly queries?: 'picture' | 'all' | undefined;
  /** What is relevant to a caption; every protocol that has captions to ask by default. */
  readonly relevance?: TextRelevanceName | undefined;
  /** Of intervals, and of queries that a protocol draws; 0 by default. */
  readonly seed?: number | undefined;
  /** Folder for files in TREC's format; none by default. */
  readonly trec?: string | undefined;
}

/** What `Index.duplicates` looks for. */
export interface DuplicatesOptions extends Abortable {
  /** Kinds of duplicates; all by default. */
  readonly kinds?: readonly DuplicateKind[] | undefined;
  /** An HTML file to write, to review them. */
  readonly page?: string | undefined;
}

/** What `Index.export` writes. */
export interface ExportOptions extends Abortable {
  /** The folder of each export that is wanted. */
  readonly out: Readonly<Partial<Record<ExportKind, string>>>;
  /** What the weights are stored in; `float32` by default. */
  readonly precision?: Precision | undefined;
  /** Answers of a model that does the whole search; 10 by default. */
  readonly k?: number | undefined;
  /** Whether exports of a network that reads an image encoder hold the encoder too; without it they are refused. */
  readonly withEncoder?: boolean | undefined;
  /** Replaces exports that are there. */
  readonly force?: boolean | undefined;
}
