import { CurveTally } from '../evaluation/curves.ts';
import type { EvaluationQuery, PictureEvaluationQuery } from '../evaluation/queries.ts';
import type { RankedRows } from '../evaluation/rank-rows.ts';
import type { PictureStore, StoredPicture } from '../pictures/picture-store.ts';
import type { Confusion, Example, ExampleAnswer } from '../report/facts.ts';

/** Answers shown of each system for an example. */
const ANSWERS = 5;
/** Examples of each kind. */
const EACH = 2;

/** What the report keeps of one system's answer to one query. */
interface Kept {
  readonly rows: readonly number[];
  /** Average precision. */
  readonly AP: number;
}

/** Collects, ranking by ranking, what the report shows of answers; whole rankings are let go. */
export class ReportAnswers {
  private readonly store: PictureStore;
  /** N */
  private readonly size: number;
  private readonly pictures: ReadonlyMap<string, StoredPicture>;
  private readonly queries = new Map<string, PictureEvaluationQuery>();
  private readonly tallies = new Map<string, CurveTally>();
  private readonly kept = new Map<string, Map<string, Kept>>();
  private readonly confused = new Map<string, Map<string, Confusion>>();

  constructor(store: PictureStore) {
    this.store = store;
    this.size = store.catalogue.length;
    this.pictures = new Map(store.rows.map((picture) => [picture.path, picture]));
  }

  add(system: string, query: EvaluationQuery, ranking: RankedRows): void {
    // The page shows each query as a picture.
    if (query.relevant.size === 0 || query.kind !== 'picture') return;
    this.queries.set(query.name, query);
    entry(this.tallies, system, () => new CurveTally(this.size)).add(query, ranking);
    const answers = entry(this.kept, system, () => new Map<string, Kept>());
    answers.set(query.name, { rows: [...ranking.rows.subarray(0, ANSWERS)], AP: averagePrecision(query, ranking) });
    this.confuse(system, query, ranking.rows[0]);
  }

  curves = () => Object.fromEntries([...this.tallies].map(([system, tally]) => [system, tally.curves()]));

  confusion = (): Record<string, Confusion[]> =>
    Object.fromEntries([...this.confused].map(([system, cells]) => [system, [...cells.values()]]));

  /** Best, median and worst queries by the average precision of the first system; each query once. */
  examples(): Example[] {
    const [[, first] = ['', new Map<string, Kept>()]] = this.kept;
    const order = [...first].sort(([a, { AP: x }], [b, { AP: y }]) => y - x || (a < b ? -1 : 1)).map(([name]) => name);
    const middle = Math.max(0, Math.floor((order.length - EACH) / 2));
    const places = {
      best: order.slice(0, EACH),
      median: order.slice(middle, middle + EACH),
      worst: order.slice(-EACH),
    };
    const shown = new Set<string>();
    return Object.entries(places).flatMap(([kind, names]) =>
      names.flatMap((name) => {
        if (shown.has(name)) return [];
        shown.add(name);
        return [this.example(kind as Example['kind'], name)];
      }),
    );
  }

  query = (name: string): PictureEvaluationQuery => this.queries.get(name) as PictureEvaluationQuery;

  private example(kind: Example['kind'], name: string): Example {
    const query = this.query(name);
    const picture = this.pictureOf(query);
    const systems = [...this.kept].map(([system, answers]) => {
      const { rows, AP } = answers.get(name) as Kept;
      return [system, { AP, answers: rows.map((row) => this.answer(query, row)) }] as const;
    });
    return {
      kind,
      query: name,
      row: picture?.row ?? 0,
      label: picture?.labels[0] ?? null,
      systems: Object.fromEntries(systems),
    };
  }

  private answer({ relevant }: EvaluationQuery, row: number): ExampleAnswer {
    const { path, labels, identifier = '' } = this.store.rows[row] as StoredPicture;
    return { row, picture: path, label: labels[0] ?? null, identifier, relevant: relevant.has(row) };
  }

  /** A view in a folder without classes stands for the one picture that is relevant to it. */
  private pictureOf({ name, relevant }: EvaluationQuery): StoredPicture | undefined {
    return this.pictures.get(name) ?? this.store.rows[[...relevant][0] ?? -1];
  }

  private confuse(system: string, query: EvaluationQuery, answered: number | undefined): void {
    if (answered === undefined || !this.store.hasClasses) return;
    const queryClass = this.pictureOf(query)?.labels[0] ?? '';
    // A right answer to a picture with several labels may bear another of them.
    const label = this.store.rows[answered]?.labels[0] ?? '';
    const answerClass = query.relevant.has(answered) ? queryClass : label;
    const cells = entry(this.confused, system, () => new Map<string, Confusion>());
    const key = JSON.stringify([queryClass, answerClass]);
    cells.set(key, { queryClass, answerClass, queries: (cells.get(key)?.queries ?? 0) + 1 });
  }
}

function averagePrecision({ relevant }: EvaluationQuery, { rows }: RankedRows): number {
  let [found, sum] = [0, 0];
  rows.forEach((row, i) => {
    if (relevant.has(row)) sum += ++found / (i + 1);
  });
  return sum / relevant.size;
}

function entry<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
