/** What long work tells whoever watches: the CLI draws it, `--json` prints it, tests collect it. */
export interface ProgressEvent {
  /** Which stretch of work: 'download', 'verify', 'unpack', 'listing', 'ingest', 'indexing', 'joint', 'evaluate' … */
  readonly phase: string;
  /** Units that are done. */
  readonly done: number;
  /** Undefined while the total is unknown. */
  readonly total?: number;
  /** What is counted, in the plural: 'pictures', 'steps', 'queries', 'bytes'. */
  readonly unit: string;
  /** Figures worth a place on the line: loss, token accuracy, validation AP … */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** Whom long work tells how it goes. */
export interface Reporter {
  /** Told how far it is. */
  progress(event: ProgressEvent): void;
  /** Something a person should know, and that stops nothing. */
  warn(message: string, details?: Readonly<Record<string, string | number>>): void;
  /** Something that is good to know. */
  info(message: string): void;
}

/** Hears nothing. */
export const silentReporter: Reporter = { progress() {}, warn() {}, info() {} };
