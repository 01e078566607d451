import { captionOf, evenly, type Reporter } from '@neurodex/core';
import { libvips } from '@neurodex/datasets/image';
import type { ExamplePicture, Task, Tracker } from '@neurodex/tracking';
import type { StoredPictures } from '../artifact/catalogue-store.ts';
import { queriesOf } from '../evaluation/queries.ts';
import type { StoredPicture } from '../pictures/picture-store.ts';
import type { System } from '../query/system.ts';
import { contactSheet, type SheetRow } from '../report/contact-sheet.ts';

/** Pictures of each kind that trackers are shown. */
const SHOWN = 8;
/** Queries on the sheet of answers, and answers of each. */
const ROWS = 6;
const ANSWERS = 5;

/** Tells trackers what the pictures of a run look like. Whatever fails here is warned about and stops nothing. */
export class ExamplePictures {
  private readonly store: StoredPictures;
  private readonly tracker: Tracker;
  private readonly reporter: Reporter;

  /** @param store of the index that is being made */
  constructor(store: StoredPictures, tracker: Tracker, reporter: Reporter) {
    this.store = store;
    this.tracker = tracker;
    this.reporter = reporter;
  }

  /** Some pictures of the catalogue, with their identifiers, and some training queries, with their labels. */
  trackInputs(): Promise<void> {
    return this.orWarn(async () => {
      await this.show('catalogue', 'indexing', evenly(this.store.catalogue, SHOWN));
      await this.show('queries', 'retrieval', evenly(this.store.queries('train'), SHOWN));
    });
  }

  /** Held-out queries and what a system answers to them, right answers marked, as one picture. */
  trackAnswers(system: System, step: number): Promise<void> {
    return this.orWarn(async () => {
      const { store } = this;
      const role = store.queries('validation').length > 0 ? 'validation' : 'test';
      const queries = evenly(queriesOf(store, role), ROWS);
      if (queries.length === 0) return;
      const pictures = new Map(store.rows.map((picture) => [picture.path, picture]));
      const rows: SheetRow[] = [];
      for (const query of queries) {
        const picture = pictures.get(query.name.replace(/#view$/, ''));
        if (picture === undefined) throw new RangeError(`no picture ${query.name}`);
        const [answers = []] = await system.rank([query], ANSWERS);
        const [own = new Uint8Array(), ...found] = await this.thumbnails([picture.row, ...answers.map((a) => a.row)]);
        const shown = found.map((bytes, i) => ({ picture: bytes, right: query.relevant.has(answers[i]?.row ?? -1) }));
        rows.push({
          query: own,
          caption: captionOf(picture),
          systems: [{ name: system.name, answers: shown }],
        });
      }
      const sheet = await asExample(
        await contactSheet({ rows, answers: ANSWERS }),
        `${role} queries and their answers`,
      );
      this.tracker.track({ kind: 'pictures', name: 'answers', task: 'retrieval', step, pictures: [sheet] });
    });
  }

  private async show(name: string, task: Task, chosen: readonly StoredPicture[]): Promise<void> {
    if (chosen.length === 0) return;
    const thumbnails = await this.thumbnails(chosen.map(({ row }) => row));
    const pictures = await Promise.all(
      chosen.map(({ identifier, labels, path }, i) => {
        const words = [identifier, captionOf({ labels, path })].filter((word) => word !== undefined && word !== null);
        return asExample(thumbnails[i] ?? new Uint8Array(), words.join(' '));
      }),
    );
    this.tracker.track({ kind: 'pictures', name, task, step: 0, pictures });
  }

  private thumbnails(rows: readonly number[]): Promise<Uint8Array[]> {
    return Promise.all(rows.map((row) => this.store.png(row)));
  }

  private async orWarn(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.reporter.warn(`trackers are not shown the pictures: ${reason}`);
    }
  }
}

/** As PNG, which every tracker shows. */
async function asExample(bytes: Uint8Array, caption: string): Promise<ExamplePicture> {
  const { data, info } = await libvips()(bytes).png().toBuffer({ resolveWithObject: true });
  return { bytes: data, format: 'png', width: info.width, height: info.height, caption };
}
