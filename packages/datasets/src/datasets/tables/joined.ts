import { join } from 'node:path';
import { listed, NeurodexError } from '@neurodex/core';
import { readPictureFile } from '../../image/decode.ts';
import type { Dataset, LayoutNote, SkippedFile, SourcePicture } from '../dataset.ts';
import { Faults } from '../faults.ts';
import type { PlacedFile } from '../folder/layout.ts';
import { localInputs } from '../inputs.ts';
import { withoutUnlabelled } from '../labels.ts';
import { splitsOf } from '../splits.ts';

/** What one or several rows say of a picture. */
export interface PictureFacts {
  readonly labels: readonly string[];
  readonly captions: readonly string[];
  readonly objects?: SourcePicture['objects'];
  readonly dimensions?: SourcePicture['dimensions'];
}

/** Pictures that files beside them describe: rows are put together by picture, and what is not used is counted. */
export class JoinedPictures {
  private readonly found = new Map<string, PictureFacts>();
  private readonly faults = new Map<string, Faults>();
  /** Lists of labels that many pictures share: there may be millions of pictures. */
  private readonly lists = new Map<string, readonly string[]>();
  private readonly noted: SkippedFile[] = [];
  private several = 0;

  get size(): number {
    return this.found.size;
  }

  /** @param table the name of the file that says it; `where`: the row in it */
  add(table: string, where: string, path: string, facts: PictureFacts): void {
    const known = this.found.get(path);
    if (known === undefined) {
      this.found.set(path, { ...facts, labels: this.shared(facts.labels) });
      return;
    }
    const labels = merged(known.labels, facts.labels);
    const captions = merged(known.captions, facts.captions);
    const objects = facts.objects === undefined ? known.objects : [...(known.objects ?? []), ...facts.objects];
    if (labels === known.labels && captions === known.captions && objects === known.objects) {
      this.fault(
        table,
        where,
        `${path} has a row already that says the same`,
        'rows: their picture has a row that says the same',
      );
      return;
    }
    this.several++;
    this.found.set(path, { ...known, ...facts, labels: this.shared(labels), captions, ...(objects && { objects }) });
  }

  /** Whether a row gave a label. */
  get hasLabels(): boolean {
    return this.lists.size > 0;
  }

  /** The classes of folders, for the pictures that a row names. */
  labelByFolder(placed: readonly PlacedFile[]): void {
    for (const { file, label } of placed) {
      const known = this.found.get(file);
      if (known === undefined || label === undefined) continue;
      this.found.set(file, { ...known, labels: this.shared(merged(known.labels, [label])) });
    }
  }

  fault(table: string, where: string, reason: string, kind: string): void {
    const faults = this.faults.get(table) ?? new Faults(table);
    this.faults.set(table, faults);
    faults.add(kind, where, reason);
  }

  /** What a file has been found to hold that cannot be used, in words. */
  note(file: string, reason: string): void {
    this.noted.push({ path: file, reason });
  }

  private shared(labels: readonly string[]): readonly string[] {
    if (labels.length === 0) return NONE;
    const key = labels.length === 1 ? (labels[0] ?? '') : JSON.stringify(labels);
    const list = this.lists.get(key);
    if (list !== undefined) return list;
    this.lists.set(key, labels);
    return labels;
  }

  /** Rows that could not be used, by file. */
  get skipped(): SkippedFile[] {
    return [...[...this.faults.values()].flatMap((faults) => faults.list()), ...this.noted];
  }

  /**
   * @param files all pictures of the source, or those in question: what no row names is skipped
   * @throws NeurodexError `source-empty` where no picture is left
   */
  dataset(options: JoinedOptions): Dataset {
    const { name, source, root = source, files, by, tables } = options;
    if (this.found.size === 0) throw nothingUsable(source, tables, this.skipped);
    const { roleOf, layout: splits } = splitsOf([...this.found.keys()]);
    const skipped: SkippedFile[] = [];
    const pictures: SourcePicture[] = [];
    for (const path of [...files].sort(byCodeUnits)) {
      const facts = this.found.get(path);
      const role = roleOf?.(path);
      if (facts === undefined)
        skipped.push({ path, reason: `no row of ${by} names it`, group: `no row of ${by} names them` });
      else if (roleOf !== undefined && role === undefined)
        skipped.push({ path, reason: 'in none of the folders that give the roles here' });
      else pictures.push(pictureOf(root, path, facts, role));
    }
    const { kept, skipped: unlabelled } = withoutUnlabelled(pictures);
    const several: LayoutNote[] =
      this.several === 0
        ? []
        : [
            {
              message: `labels and captions of rows about the same picture are put together (${this.several.toLocaleString('en-US')} rows)`,
            },
          ];
    const layout = [...splits, ...options.layout, ...several];
    return {
      name,
      source,
      pictures: kept,
      notices: [],
      skipped: [...options.skipped, ...this.skipped, ...skipped, ...unlabelled],
      ...(layout.length === 0 ? {} : { layout }),
      inputs: (reading) => localInputs([...tables, ...kept.map(({ path }) => join(root, path))], root, reading),
    };
  }
}

export interface JoinedOptions {
  readonly name: string;
  /** What the user named; `root`: the folder that holds the pictures, where it is another. */
  readonly source: string;
  readonly root?: string;
  readonly files: readonly string[];
  /** What describes the pictures, for messages: `metadata.jsonl`. */
  readonly by: string;
  /** Absolute paths of the files that describe them. */
  readonly tables: readonly string[];
  readonly skipped: readonly SkippedFile[];
  readonly layout: readonly LayoutNote[];
}

const NONE: readonly string[] = [];

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function pictureOf(root: string, path: string, facts: PictureFacts, role: SourcePicture['role']): SourcePicture {
  const { labels, captions, objects, dimensions } = facts;
  return {
    path,
    labels,
    ...(captions.length === 0 ? {} : { captions }),
    ...(objects === undefined ? {} : { objects }),
    ...(dimensions === undefined ? {} : { dimensions }),
    ...(role === undefined ? {} : { role }),
    read: () => readPictureFile(join(root, path), path),
  };
}

/** The first list itself where the second adds nothing. */
function merged(known: readonly string[], more: readonly string[]): readonly string[] {
  const added = more.filter((each) => !known.includes(each));
  return added.length === 0 ? known : [...known, ...added];
}

function nothingUsable(source: string, tables: readonly string[], skipped: readonly SkippedFile[]): NeurodexError {
  const [first] = skipped;
  const what = first === undefined ? 'no rows' : `no row that can be used, the first: ${first.path}: ${first.reason}`;
  return new NeurodexError('source-empty', `${listed(tables, 3)} ${tables.length === 1 ? 'has' : 'have'} ${what}`, {
    hint: 'give the rows the paths of picture files, relative to the file that holds them',
    details: { source, skipped: skipped.length },
  });
}
