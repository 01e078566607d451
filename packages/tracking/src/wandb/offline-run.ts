import { createHash } from 'node:crypto';
import { cpus, hostname, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { AppendedFile, Written } from '../appended-file.ts';
import { type Scalar, safeJson } from '../scalars.ts';
import type { ExamplePicture, RunIdentity, Task } from '../tracker.ts';
import { encodeRecord, type FileType, type Item, type RunRecord, type WandbRecord } from './records.ts';
import { LOG_HEADER, TransactionLog } from './transaction-log.ts';

/** The wandb whose files these are like: written as the producer, and pinned in interop/requirements.txt. */
export const WANDB_VERSION = '0.29.0';
/** The oldest wandb that should read them, as that version writes it. */
const MIN_CONSUMER = '0.70.0';

export interface OfflineRunOptions {
  /** Holds the folders of runs: `wandb/`. */
  readonly folder: string;
  readonly run: RunIdentity;
  readonly task: Task;
  readonly displayName: string;
  readonly project: string;
  readonly entity: string | undefined;
  readonly tags: readonly string[];
  readonly notes: string | undefined;
  readonly group: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970. */
  readonly began: number;
  write(written: Written): void;
  appended(path: string): AppendedFile;
}

/**
 * One run as wandb leaves it when it is offline: `offline-run-<time>-<id>/` with the transaction log `run-<id>.wandb`,
 * which has everything, and `files/` with the pictures, config.yaml, wandb-metadata.json and wandb-summary.json.
 */
export class OfflineRun {
  readonly path: string;
  /** On W&B: the run's own, and a letter for the task. */
  readonly id: string;
  readonly log: AppendedFile;
  private readonly options: OfflineRunOptions;
  private readonly framing = new TransactionLog();
  private records = 0;
  /** The row of the step that is being filled: a history has one row for each step, in order. */
  private row: { readonly step: number; readonly time: number; readonly items: Map<string, string> } | undefined;
  private readonly summary = new Map<string, string>();
  private lastStep = -1;

  constructor(options: OfflineRunOptions) {
    this.options = options;
    const { run, task, began } = options;
    const id = `${run.id}${task === 'indexing' ? 'i' : 'r'}`;
    this.id = id;
    this.path = join(options.folder, `offline-run-${timestamp(began)}-${id}`);
    this.log = options.appended(join(this.path, `run-${id}.wandb`));
    options.write({ to: this.log, bytes: LOG_HEADER });
    this.record({ header: { producer: WANDB_VERSION, minConsumer: MIN_CONSUMER } });
    this.record({ run: runRecord(id, options) });
    this.file('config.yaml', 'wandb', configYaml(options.config));
    this.file('wandb-metadata.json', 'wandb', `${JSON.stringify(machine(run.started), null, 2)}\n`);
  }

  /** Numbers of a step. Steps only grow; what comes late for one is filed under the last. */
  add(step: number, scalars: readonly Scalar[]): void {
    const { items } = this.rowOf(step);
    for (const [name, value] of scalars) items.set(name, numberJson(value));
  }

  /** Numbers of the whole run, which have no step. */
  conclude(scalars: readonly Scalar[]): void {
    for (const [name, value] of scalars) this.summary.set(name, numberJson(value));
  }

  addPictures(step: number, name: string, pictures: readonly ExamplePicture[]): void {
    const [first] = pictures;
    if (first === undefined) return;
    const filenames = pictures.map(({ bytes, format }, i) => {
      const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 20);
      const path = `media/images/${name}_${step}_${i}_${digest}.${format}`;
      this.file(path, 'media', bytes);
      return path;
    });
    const value = {
      _type: 'images/separated',
      format: first.format,
      width: first.width,
      height: first.height,
      count: pictures.length,
      filenames,
      captions: pictures.map(({ caption }) => caption),
    };
    this.rowOf(step).items.set(name, JSON.stringify(value));
  }

  say(line: string): void {
    this.record({ output: { line: `${line}\n`, time: Date.now() } });
  }

  /** The last values up to here; `finish` writes them once more. */
  summarise(): void {
    this.endRow();
    if (this.summary.size > 0) this.record({ summary: [...this.summary] });
  }

  finish(code: number): void {
    this.summarise();
    const body = [...this.summary].map(([key, json]) => `${JSON.stringify(key)}: ${json}`).join(', ');
    this.file('wandb-summary.json', 'wandb', `{${body}}\n`);
    const runtime = Math.max(0, Math.round((Date.now() - this.options.began) / 1000));
    this.record({ exit: { code, runtime } });
  }

  private rowOf(step: number): { readonly items: Map<string, string> } {
    if (this.row !== undefined && step <= this.row.step) return this.row;
    this.endRow();
    this.row = { step: Math.max(step, this.lastStep + 1), time: Date.now(), items: new Map() };
    return this.row;
  }

  private endRow(): void {
    if (this.row === undefined) return;
    const { step, time, items } = this.row;
    this.row = undefined;
    this.lastStep = step;
    items.set('_step', String(step));
    items.set('_timestamp', String(time / 1000));
    items.set('_runtime', String((time - this.options.began) / 1000));
    for (const [name, json] of items) this.summary.set(name, json);
    this.record({ history: { step, items: [...items] } });
  }

  private file(path: string, type: FileType, content: string | Uint8Array): void {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    this.options.write({ to: join(this.path, 'files', ...path.split('/')), bytes });
    this.record({ files: [{ path, type }] });
  }

  private record(record: WandbRecord): void {
    const bytes = this.framing.frame(encodeRecord(++this.records, record));
    this.options.write({ to: this.log, bytes });
  }
}

function runRecord(id: string, options: OfflineRunOptions): RunRecord {
  const { run, task, displayName, project, entity, tags, notes, group, config, began } = options;
  return {
    id,
    entity,
    project,
    config: configItems(config),
    group,
    jobType: task,
    displayName,
    notes,
    tags,
    host: hostname(),
    // Folders of a run that was resumed are uploaded in the order of their beginnings.
    started: run.resumed ? began : Date.parse(run.started),
    resumed: run.resumed,
  };
}

const configItems = (config: Readonly<Record<string, unknown>>): Item[] =>
  Object.entries(config).map(([key, value]) => [key, safeJson(value)]);

/** JSON is YAML too, so values stand as JSON. */
const configYaml = (config: Readonly<Record<string, unknown>>): string =>
  configItems(config)
    .map(([key, json]) => `${JSON.stringify(key)}:\n  value: ${json}\n`)
    .join('');

/** What the run ran on; nothing that names a person. */
const machine = (started: string) => ({
  os: `${platform()} ${release()}`,
  node: process.version,
  program: 'neurodex',
  startedAt: started,
  host: hostname(),
  cpu_count: cpus().length,
  memory: { total: String(totalmem()) },
});

/** A number as wandb writes it: its JSON has NaN and Infinity as Python's has. */
const numberJson = (value: number): string => (Number.isFinite(value) ? JSON.stringify(value) : String(value));

/** 20240501_100000, in UTC. */
const timestamp = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');
