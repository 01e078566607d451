import { type Candidate, CandidateFinder, STATE } from './candidates.ts';
import type { DuplicateKind } from './duplicate-facts.ts';

/** What is found of a picture before its turn. */
export interface LookedUp {
  readonly candidates: readonly Candidate[];
  /** Pictures that were taken for leaders of groups: where one turns out to be a member, the picture is looked up again. */
  readonly leaders: Int32Array;
}

/** What looking up needs of all pictures, in memory that threads share. */
export interface LookUpData {
  /** uint8 [pictures, length] */
  readonly fingerprints: Uint8Array;
  /** Of the thumbnails, in pixels. */
  readonly edges: Int32Array;
  /** Places of the pictures that are looked up, in the order of their turns. */
  readonly order: Int32Array;
  /** Of each picture 1 for a query, where only pairs with a query are looked for. */
  readonly queries: Uint8Array | undefined;
  /** What each picture is by now (`STATE`): written by whoever compares pictures in turn. */
  readonly states: Uint8Array;
  readonly kinds: readonly DuplicateKind[];
}

/** Looks pictures up on other threads. */
export interface LookUpThreads {
  /** Pictures whose turns come one after another. @param from of the order @param to behind the last */
  lookUp(from: number, to: number): Promise<readonly LookedUp[]>;
  /** Nothing more is asked. */
  close(): Promise<void>;
}

/** What starts threads for so many pictures; undefined where they are not worth it. */
export type LookUpStarter = (pictures: number) => ((data: LookUpData) => LookUpThreads) | undefined;

/** What is known of the pictures that are to be looked up. */
export interface LookUpPictures {
  readonly fingerprints: readonly Uint8Array[];
  readonly edges: readonly number[];
  readonly order: readonly number[];
  readonly kinds: ReadonlySet<DuplicateKind>;
  readonly isQuery: ((at: number) => boolean) | undefined;
}

/** A finder, and what looks pictures up before their turns with the same results; undefined where there are no threads. */
export function finderWith(
  starter: LookUpStarter | undefined,
  pictures: LookUpPictures,
): { readonly finder: CandidateFinder; readonly ahead: LookAhead | undefined } {
  const { fingerprints, edges, order, kinds, isQuery } = pictures;
  const start = starter?.(order.length);
  const states = sharedBytes(fingerprints.length);
  const finder = new CandidateFinder(fingerprints, order, edges, kinds, isQuery, states);
  if (start === undefined) return { finder, ahead: undefined };
  return { finder, ahead: new LookAhead(start(dataOf(pictures, states)), order.length) };
}

function dataOf({ fingerprints, edges, order, kinds, isQuery }: LookUpPictures, states: Uint8Array): LookUpData {
  const length = fingerprints[0]?.length ?? 0;
  const all = sharedBytes(fingerprints.length * length);
  for (const [at, fingerprint] of fingerprints.entries()) all.set(fingerprint, at * length);
  const queries = isQuery && sharedBytes(fingerprints.length);
  queries?.set(fingerprints.map((_, at) => (isQuery?.(at) === true ? 1 : 0)));
  return {
    fingerprints: all,
    edges: sharedIntegers(edges),
    order: sharedIntegers(order),
    queries,
    states,
    kinds: [...kinds],
  };
}

/** The finder of a thread. */
export function finderOf({ fingerprints, edges, order, queries, states, kinds }: LookUpData): CandidateFinder {
  const length = fingerprints.length / states.length;
  const each = Array.from(states, (_, at) => fingerprints.subarray(at * length, (at + 1) * length));
  const isQuery = queries && ((at: number) => queries[at] === 1);
  return new CandidateFinder(each, order, edges, new Set(kinds), isQuery);
}

const sharedBytes = (count: number): Uint8Array =>
  new Uint8Array(typeof SharedArrayBuffer === 'undefined' ? new ArrayBuffer(count) : new SharedArrayBuffer(count));

function sharedIntegers(values: readonly number[]): Int32Array {
  const bytes = sharedBytes(Int32Array.BYTES_PER_ELEMENT * values.length);
  const integers = new Int32Array(bytes.buffer);
  integers.set(values);
  return integers;
}

/**
 * What a thread does with a part of the order: every picture before one counts as a leader unless it is known to be a member.
 * @param states of this thread alone, for the finder
 */
export function lookUpPart(
  finder: CandidateFinder,
  { order, queries, states }: Pick<LookUpData, 'order' | 'queries' | 'states'>,
  from: number,
  to: number,
): LookedUp[] {
  finder.states.set(states);
  for (let i = 0; i < from; i++) asLeader(finder, order[i] ?? NaN);
  const found: LookedUp[] = [];
  for (let i = from; i < to; i++) {
    const at = order[i] ?? NaN;
    const candidates = queries !== undefined && queries[at] === 0 ? finder.ofSome(at) : finder.of(at);
    found.push({ candidates, leaders: Int32Array.from(finder.leaders) });
    asLeader(finder, at);
  }
  return found;
}

function asLeader({ states }: CandidateFinder, at: number): void {
  if (states[at] === STATE.later) states[at] = STATE.leader;
}

/** Pictures that a thread looks up for one message, and such parts that are under way. */
const [PART, UNDER_WAY] = [32, 8];

/** Asks threads for what is found of pictures, some parts before their turns come. */
export class LookAhead {
  private readonly threads: LookUpThreads;
  private readonly count: number;
  private readonly parts: Promise<readonly LookedUp[]>[] = [];

  /** @param count pictures of the order */
  constructor(threads: LookUpThreads, count: number) {
    this.threads = threads;
    this.count = count;
    for (let part = 0; part < UNDER_WAY; part++) this.ask();
  }

  /** What was found of a picture; each is asked for once, in the order of turns. @param i its turn */
  async of(i: number): Promise<LookedUp | undefined> {
    const part = Math.floor(i / PART);
    const found = (await this.parts[part])?.[i % PART];
    if (i % PART === PART - 1) {
      this.parts[part] = NOTHING;
      this.ask();
    }
    return found;
  }

  close(): Promise<void> {
    return this.threads.close();
  }

  private ask(): void {
    const from = PART * this.parts.length;
    if (from >= this.count) return;
    const found = this.threads.lookUp(from, Math.min(this.count, from + PART));
    // Its turn may come later, or never; until then nobody listens.
    found.catch(() => {});
    this.parts.push(found);
  }
}

const NOTHING: Promise<readonly LookedUp[]> = Promise.resolve([]);
