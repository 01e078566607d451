import { basename, extname, join, resolve } from 'node:path';
import { listed, NeurodexError, type Reporter, silentReporter } from '@neurodex/core';
import { throwIfInterrupted } from '@neurodex/core/storage';
import type { Dataset, LayoutNote, LicenceNotice } from '../dataset.ts';
import { listPictures } from '../folder/folder.ts';
import { csvRecords } from '../tables/csv.ts';
import { SourceFolder } from '../tables/find.ts';
import { JoinedPictures } from '../tables/joined.ts';

const NOTICE: LicenceNotice = {
  work: 'Open Images',
  author: 'Google (annotations), the photographers of Flickr (pictures)',
  licence: 'annotations CC-BY-4.0; pictures listed as CC-BY-2.0 by their owners',
  url: 'https://storage.googleapis.com/openimages/web/factsfigures_v7.html',
};

const CLASSES = /class-descriptions[^/]*\.csv$/i;
/** Verified by people; boxes are of objects in the picture. */
const LABELS = /annotations-(?:human-imagelabels|bbox)[^/]*\.csv$/i;
const MACHINE = /annotations-machine-imagelabels[^/]*\.csv$/i;

interface OpenImagesFiles {
  readonly classes: readonly string[];
  readonly labels: readonly string[];
  readonly machine: readonly string[];
}

async function filesIn(folder: SourceFolder): Promise<OpenImagesFiles> {
  const names = (await folder.likelyFiles((name) => /\.csv$/i.test(name), 1)).sort();
  return {
    classes: names.filter((name) => CLASSES.test(name)),
    labels: names.filter((name) => LABELS.test(name)),
    machine: names.filter((name) => MACHINE.test(name)),
  };
}

/** Whether a folder holds the class descriptions and the labels of Open Images, under the names that they are published by. */
export async function isOpenImages(folder: SourceFolder): Promise<boolean> {
  const { classes, labels } = await filesIn(folder);
  return classes.length > 0 && labels.length > 0;
}

/** How Open Images is read. */
export interface OpenImagesOptions {
  /** Told how far it is. */
  readonly reporter?: Reporter;
  /** Ends it. */
  readonly signal?: AbortSignal;
}

/**
 * Open Images (Kuznetsova et al. 2020, arXiv:1811.00982): the pictures that are here, with the classes that people verified in
 * `…-annotations-human-imagelabels.csv` and those of the boxes in `…-annotations-bbox.csv`. Confidence 0 says that a class was looked
 * for and is not there. Of rows about pictures that are not here (there are 59 million) nothing is kept but their number.
 * @throws NeurodexError source-missing, source-empty, source-unusable (a column is missing), interrupted
 * @example
 * ```ts
 * import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
 * import { openOpenImages } from '@neurodex/datasets';
 *
 * writeFileSync('photos/class-descriptions.csv', '/m/01yrx,Cat\n/m/0bt9lr,Dog\n');
 * const rows = ['ImageID,Source,LabelName,Confidence', '1,verification,/m/01yrx,1', '1,verification,/m/0bt9lr,0'];
 * writeFileSync('photos/train-annotations-human-imagelabels.csv', `${rows.join('\n')}\n`);
 * mkdirSync('open/train', { recursive: true });
 * copyFileSync('photos/cat/1.png', 'open/train/1.png');
 * for (const name of ['class-descriptions.csv', 'train-annotations-human-imagelabels.csv']) copyFileSync(`photos/${name}`, `open/${name}`);
 * const { pictures } = await openOpenImages('open');
 * console.log(pictures[0]?.path, pictures[0]?.labels.join()); // → train/1.png Cat
 * ```
 */
export async function openOpenImages(path: string, options: OpenImagesOptions = {}): Promise<Dataset> {
  const source = resolve(path);
  const { classes, labels, machine } = await filesIn(new SourceFolder(source));
  const { files, skipped } = await listPictures(source);
  const joined = new JoinedPictures();
  const names = await classNames(source, classes, joined);
  const reading = new Reading(source, files, joined, options);
  for (const name of labels) await reading.read(name);
  reading.finish(names);
  const used = new Set([...classes, ...labels]);
  const layout: LayoutNote[] = [
    ...reading.layout,
    ...(machine.length === 0
      ? []
      : [
          {
            message: `${listed(machine, 3)} ${machine.length === 1 ? 'is' : 'are'} not read: no person verified these labels`,
          },
        ]),
  ];
  const dataset = joined.dataset({
    name: 'open-images',
    source,
    files,
    by: listed(labels, 2),
    tables: [...classes, ...labels].map((name) => join(source, name)),
    skipped: skipped.filter((each) => !used.has(each.path)),
    layout,
  });
  return { ...dataset, notices: [NOTICE] };
}

/** The names of the classes by their ids (`/m/011k07`): the header of the file is optional. */
async function classNames(
  source: string,
  tables: readonly string[],
  joined: JoinedPictures,
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const table of tables) {
    for await (const record of csvRecords(join(source, table), ',')) {
      const [id = '', name = ''] = 'fields' in record ? record.fields : [];
      if ('reason' in record || name.trim() === '') {
        const reason = 'reason' in record ? record.reason : 'it has no name of a class';
        joined.fault(table, `line ${record.line}`, reason, 'rows: they name no class');
      } else if (id !== 'LabelName') names.set(id, name.trim());
    }
  }
  const counts = new Map<string, number>();
  for (const name of names.values()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return new Map([...names].map(([id, name]) => [id, (counts.get(name) ?? 0) > 1 ? `${name} (${id})` : name]));
}

const COLUMNS = ['ImageID', 'LabelName', 'Confidence'] as const;

class Reading {
  readonly layout: LayoutNote[] = [];
  private readonly source: string;
  private readonly files: readonly string[];
  private readonly joined: JoinedPictures;
  private readonly options: OpenImagesOptions;
  /** The place in `files` by the id of the picture. */
  private readonly places = new Map<string, number>();
  /** Numbers of the classes that each picture has, and the ids of classes by those numbers. */
  private readonly present: (number[] | undefined)[] = [];
  private readonly ids: string[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly from: string[] = [];

  constructor(source: string, files: readonly string[], joined: JoinedPictures, options: OpenImagesOptions) {
    this.source = source;
    this.files = files;
    this.joined = joined;
    this.options = options;
    files.forEach((file, i) => {
      const id = basename(file, extname(file));
      const other = this.places.get(id);
      if (other === undefined) this.places.set(id, i);
      else joined.fault(file, 'the file', `it has the id of ${files[other]}`, 'files: their ids are there twice');
    });
  }

  /** @throws NeurodexError source-unusable */
  async read(table: string): Promise<void> {
    const { reporter = silentReporter, signal } = this.options;
    let columns: readonly number[] | undefined;
    let absent = 0;
    let elsewhere = 0;
    let rows = 0;
    for await (const record of csvRecords(join(this.source, table), ',')) {
      if (++rows % 100_000 === 0) {
        throwIfInterrupted(signal);
        reporter.progress({ phase: 'annotations', done: Math.round(record.end / 1e6), unit: 'MB' });
      }
      if ('reason' in record) {
        this.joined.fault(table, `line ${record.line}`, record.reason, 'rows: they cannot be read');
        continue;
      }
      if (columns === undefined) {
        columns = this.columnsOf(table, record.fields);
        continue;
      }
      const [image = '', label = '', confidence = ''] = columns.map((at) => record.fields[at]);
      const place = this.places.get(image);
      if (place === undefined) elsewhere++;
      else if (!(Number(confidence) >= 0 && Number(confidence) <= 1) || confidence === '' || label === '') {
        this.joined.fault(
          table,
          `line ${record.line}`,
          'it has no class, or no confidence from 0 to 1',
          'rows: they make no sense',
        );
      } else {
        if (Number(confidence) === 0) absent++;
        this.put(place, Number(confidence) === 0 ? undefined : label, table);
      }
    }
    this.count(table, absent, elsewhere);
  }

  private count(table: string, absent: number, elsewhere: number): void {
    const number = (n: number): string => n.toLocaleString('en-US');
    if (absent > 0) {
      this.layout.push({
        message: `${table}: ${number(absent)} rows say that a class is not in a picture, and give no label`,
      });
    }
    if (elsewhere > 0) this.joined.note(table, `${number(elsewhere)} rows are about pictures that are not here`);
  }

  private columnsOf(table: string, header: readonly string[]): readonly number[] {
    const found = COLUMNS.map((name) => header.indexOf(name));
    const at = found.indexOf(-1);
    if (at < 0) return found;
    throw new NeurodexError('source-unusable', `${join(this.source, table)} has no column ${COLUMNS[at]}`, {
      hint: 'copy or download it again, as Open Images publishes it',
      details: { path: join(this.source, table) },
    });
  }

  private put(place: number, label: string | undefined, table: string): void {
    const list = this.present[place] ?? [];
    this.present[place] = list;
    this.from[place] ??= table;
    if (label === undefined) return;
    let number = this.numbers.get(label);
    if (number === undefined) {
      number = this.ids.push(label) - 1;
      this.numbers.set(label, number);
    }
    if (!list.includes(number)) list.push(number);
  }

  finish(names: ReadonlyMap<string, string>): void {
    this.present.forEach((numbers, place) => {
      const path = this.files[place];
      const table = this.from[place];
      if (numbers === undefined || path === undefined || table === undefined) return;
      const labels = numbers.flatMap((number) => {
        const id = this.ids[number] ?? '';
        const name = names.get(id);
        if (name === undefined)
          this.joined.fault(
            table,
            `picture ${path}`,
            `its class ${id} has no description`,
            'classes: they have no description',
          );
        return name ?? [];
      });
      this.joined.add(table, path, path, { labels, captions: [] });
    });
  }
}
