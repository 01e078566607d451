import { PbfWriter } from 'pbf';

/** A key and its value as JSON. */
export type Item = readonly [key: string, json: string];

export interface RunRecord {
  readonly id: string;
  readonly entity: string | undefined;
  readonly project: string;
  readonly config: readonly Item[];
  readonly group: string;
  readonly jobType: string;
  readonly displayName: string;
  readonly notes: string | undefined;
  readonly tags: readonly string[];
  readonly host: string;
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly resumed: boolean;
}

/** What a `.wandb` file holds; each record has one. Field numbers are those of wandb_internal.proto (wandb 0.29). */
export type WandbRecord =
  | { readonly header: { readonly producer: string; readonly minConsumer: string } }
  | { readonly run: RunRecord }
  | { readonly history: { readonly step: number; readonly items: readonly Item[] } }
  | { readonly summary: readonly Item[] }
  | { readonly files: readonly { readonly path: string; readonly type: FileType }[] }
  /** A line of the console, and when it was said, in milliseconds since 1970. */
  | { readonly output: { readonly line: string; readonly time: number } }
  | { readonly exit: { readonly code: number; readonly runtime: number } };

export const FILE_TYPES = { other: 0, wandb: 1, media: 2 } as const;
export type FileType = keyof typeof FILE_TYPES;

/** @param number counts the records of a file, from 1 */
export function encodeRecord(number: number, record: WandbRecord): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, number);
  if ('history' in record) pbf.writeMessage(2, writeHistory, record.history);
  else if ('summary' in record) pbf.writeMessage(3, writeItems, record.summary);
  else if ('files' in record) pbf.writeMessage(6, writeFiles, record.files);
  else if ('output' in record) pbf.writeMessage(13, writeOutput, record.output);
  else if ('run' in record) pbf.writeMessage(17, writeRun, record.run);
  else if ('exit' in record) pbf.writeMessage(18, writeExit, record.exit);
  else pbf.writeMessage(21, writeHeader, record.header);
  return pbf.finish();
}

function writeHeader(header: { readonly producer: string; readonly minConsumer: string }, pbf: PbfWriter): void {
  pbf.writeMessage(
    1,
    ({ producer, minConsumer }: typeof header, version) => {
      version.writeStringField(1, producer);
      version.writeStringField(2, minConsumer);
    },
    header,
  );
}

function writeRun(run: RunRecord, pbf: PbfWriter): void {
  pbf.writeStringField(1, run.id);
  if (run.entity !== undefined) pbf.writeStringField(2, run.entity);
  pbf.writeStringField(3, run.project);
  pbf.writeMessage(4, writeItems, run.config);
  pbf.writeStringField(6, run.group);
  pbf.writeStringField(7, run.jobType);
  pbf.writeStringField(8, run.displayName);
  if (run.notes !== undefined) pbf.writeStringField(9, run.notes);
  for (const tag of run.tags) pbf.writeStringField(10, tag);
  pbf.writeStringField(13, run.host);
  pbf.writeMessage(17, writeTimestamp, run.started);
  if (run.resumed) pbf.writeBooleanField(18, true);
}

/** `update`, the first field of ConfigRecord and of SummaryRecord: key 1, JSON 16. */
function writeItems(items: readonly Item[], pbf: PbfWriter): void {
  for (const item of items) pbf.writeMessage(1, writeItem, item);
}

function writeItem([key, json]: Item, pbf: PbfWriter): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(16, json);
}

function writeHistory(
  { step, items }: { readonly step: number; readonly items: readonly Item[] },
  pbf: PbfWriter,
): void {
  writeItems(items, pbf);
  pbf.writeMessage(2, (n: number, field) => field.writeVarintField(1, n), step);
}

function writeFiles(files: readonly { readonly path: string; readonly type: FileType }[], pbf: PbfWriter): void {
  for (const file of files) {
    pbf.writeMessage(
      1,
      ({ path, type }: typeof file, item) => {
        item.writeStringField(1, path);
        item.writeVarintField(3, FILE_TYPES[type]);
      },
      file,
    );
  }
}

const STDOUT = 1;

function writeOutput({ line, time }: { readonly line: string; readonly time: number }, pbf: PbfWriter): void {
  pbf.writeVarintField(1, STDOUT);
  pbf.writeMessage(2, writeTimestamp, time);
  pbf.writeStringField(3, line);
}

function writeExit({ code, runtime }: { readonly code: number; readonly runtime: number }, pbf: PbfWriter): void {
  pbf.writeVarintField(1, code);
  pbf.writeVarintField(2, runtime);
}

/** google.protobuf.Timestamp */
function writeTimestamp(milliseconds: number, pbf: PbfWriter): void {
  pbf.writeVarintField(1, Math.floor(milliseconds / 1000));
  pbf.writeVarintField(2, Math.round((milliseconds % 1000) * 1e6));
}
