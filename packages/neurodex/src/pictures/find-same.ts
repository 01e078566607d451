import { setImmediate } from 'node:timers/promises';
import { defined } from '@neurodex/core';
import { type Format, isLossy } from '@neurodex/datasets/image';
import type { Picture } from '@neurodex/datasets/picture';
import { type Candidate, type CandidateFinder, STATE } from './candidates.ts';
import { DisjointSets } from './disjoint-sets.ts';
import { DUPLICATE_KINDS, type DuplicateKind } from './duplicate-facts.ts';
import type { PictureKeys } from './fingerprint.ts';
import { finderWith, type LookAhead, type LookedUp, type LookUpStarter } from './look-ahead.ts';
import { composed, inverse, isWhole, type Placement, WHOLE } from './placement.ts';
import { mayShow, planeOf, type RoughPlane } from './rough-planes.ts';
import { samePicture } from './same-picture.ts';

/** Ways to look at a picture again, by its place in the list. */
export interface PictureAccess {
  /** As the model sees it. */
  pixels(at: number): Promise<Picture>;
  /** PNG, as people see it. */
  thumbnail(at: number): Promise<Uint8Array>;
  /** Undefined for a file that is not a picture. */
  decodeThumbnail(png: Uint8Array): Promise<Picture | undefined>;
  /** A digest of the whole decoded picture, with its width and height; undefined where it cannot be had. */
  wholeDigest(at: number): Promise<string | undefined>;
  /** Called when a picture has been compared. */
  compared?(done: number): void;
}

/** What is known of a file beside what it shows; null where it is not known. */
export interface FileFacts {
  /** Of its thumbnail, which is never larger than the picture; in pixels. */
  readonly edge: number;
  readonly width: number | null;
  readonly height: number | null;
  readonly bytes: number | null;
  /** Of the file; by its name where it is not at hand. */
  readonly format: Format | null;
}

/** How a picture is a duplicate of another. */
export interface Relation {
  /** Place of the picture that it is compared with. */
  readonly leader: number;
  readonly kind: DuplicateKind;
  /** 1 − the energy of the difference, as a share of the variance of the picture; 1 for equal pixels. */
  readonly similarity: number;
  /** Where it lies in the leader. */
  readonly placement: Placement;
}

/** The pictures that occur more than once. */
export interface SamePictures {
  /** For every picture, the first one in the list with the same file, or the same pixels. */
  readonly exact: readonly number[];
  /** The same of all kinds of duplicates. */
  readonly alike: readonly number[];
  /** For every picture, the leader of its group; undefined for leaders. */
  readonly relations: readonly (Relation | undefined)[];
}

export interface SameOptions {
  /** What counts as a duplicate; everything by default. */
  readonly kinds?: readonly DuplicateKind[] | undefined;
  /**
   * Tells catalogue pictures, which come first, from queries, where only pairs with a query are looked for: two catalogue pictures are
   * then found to be the same by equal files and pixels alone. All pairs by default.
   */
  readonly isCatalogue?: ((at: number) => boolean) | undefined;
  /** Of threads that look pictures up before their turns; none by default. What is found is the same. */
  readonly lookUpStarter?: LookUpStarter | undefined;
}

/** Thumbnails that are decoded for one picture. */
const LOOKED_AT = 16;
/** Edge at which the model's pictures are compared, at most. */
const MODEL_EDGE = 48;
/** Pictures that are compared between two turns of the event loop. */
const TURN = 64;
/** Decoded thumbnails that are kept, and bytes of planes. */
const KEPT = 256;
const KEPT_BYTES = 1 << 27;

/**
 * Finds the pictures that occur more than once: the same bytes; the same pixels in another file format; the same picture encoded
 * again, resized, slightly cropped or mirrored. Fingerprints say which may be the same, and only pixels say that they are. A picture
 * is compared with the leader of a group, so that a chain of small differences does not grow. Time and memory grow with the number
 * of pictures, not with its square.
 * @param order places of all pictures: those that come first lead
 */
export async function findSamePictures(
  keys: readonly (PictureKeys & FileFacts)[],
  order: readonly number[],
  access: PictureAccess,
  { kinds = DUPLICATE_KINDS, ...rest }: SameOptions = {},
): Promise<SamePictures> {
  const search = new Search(keys, order, access, { ...rest, kinds: new Set(kinds) });
  return await search.run();
}

class Search {
  private readonly keys: readonly (PictureKeys & FileFacts)[];
  private readonly order: readonly number[];
  private readonly access: PictureAccess;
  private readonly kinds: ReadonlySet<DuplicateKind>;
  private readonly isCatalogue: SameOptions['isCatalogue'];
  private readonly lookUpStarter: SameOptions['lookUpStarter'];
  private readonly exact: DisjointSets;
  private readonly alike: DisjointSets;
  private readonly relations: (Relation | undefined)[];
  /** Pictures that may be one that comes later, with its place in them. */
  private readonly awaited = new Map<number, Map<number, Placement>>();
  /** Those that are not far from others, and whose whole pixels may be the same. */
  private readonly unsure = new Set<number>();
  /** Whether they are of several formats. */
  private readonly differ: boolean;
  private readonly planes = new Map<number, RoughPlane>();
  private readonly thumbnails = new Map<number, Picture | undefined>();

  constructor(
    keys: readonly (PictureKeys & FileFacts)[],
    order: readonly number[],
    access: PictureAccess,
    options: Omit<SameOptions, 'kinds'> & { readonly kinds: ReadonlySet<DuplicateKind> },
  ) {
    this.kinds = options.kinds;
    this.isCatalogue = options.isCatalogue;
    this.lookUpStarter = options.lookUpStarter;
    this.keys = keys;
    this.order = order;
    this.access = access;
    this.exact = new DisjointSets(keys.length);
    this.alike = new DisjointSets(keys.length);
    this.relations = new Array(keys.length).fill(undefined);
    this.differ = new Set(keys.map(({ format }) => format)).size > 1;
  }

  async run(): Promise<SamePictures> {
    const files = new Map<string, number>();
    const order = this.order.filter((at) => {
      const copy = files.get(this.key(at).file);
      if (copy === undefined) files.set(this.key(at).file, at);
      return copy === undefined;
    });
    const fingerprints = this.keys.map(({ fingerprint }) => fingerprint);
    const edges = this.keys.map(({ edge }) => edge);
    const { kinds, isCatalogue } = this;
    const isQuery = isCatalogue && ((at: number) => !isCatalogue(at));
    const { finder, ahead } = finderWith(this.lookUpStarter, { fingerprints, edges, order, kinds, isQuery });
    try {
      await this.inTurn(files, finder, ahead);
    } finally {
      await ahead?.close();
    }
    if (this.differ) this.doubtFlat(finder.flat);
    await this.compareWhole();
    return { exact: this.exact.roots(), alike: this.alike.roots(), relations: this.relations };
  }

  /** @param files the first picture with each file */
  private async inTurn(files: ReadonlyMap<string, number>, finder: CandidateFinder, ahead?: LookAhead): Promise<void> {
    /** The first with these pixels: found however little contrast they have. */
    const pixels = new Map<string, number>();
    let turn = 0;
    for (const [i, at] of this.order.entries()) {
      const { file, pixels: seen } = this.key(at);
      const copy = defined(files.get(file), 'the first with a file');
      if (copy !== at) this.join(at, copy, 'identical', 1, WHOLE);
      else {
        const twin = pixels.get(seen);
        if (twin === undefined) pixels.set(seen, at);
        const candidates = this.candidates(at, finder, await ahead?.of(turn++));
        await this.compareWithLeaders(at, this.near(at, candidates, finder.states, twin));
        if (this.differ) this.doubt(at, twin === undefined ? finder.notFar(at) : [twin, ...finder.notFar(at)]);
      }
      finder.states[at] = this.relations[at] === undefined ? STATE.leader : STATE.member;
      this.access.compared?.(i + 1);
      // Whoever wants to stop has a turn.
      if (i % TURN === 0) await setImmediate();
    }
  }

  /** What was found before its turn holds unless a picture that was taken for a leader has become a member. */
  private candidates(at: number, finder: CandidateFinder, found?: LookedUp): readonly Candidate[] {
    if (found?.leaders.every((other) => finder.states[other] === STATE.leader)) return found.candidates;
    return this.isCatalogue?.(at) === true ? finder.ofSome(at) : finder.of(at);
  }

  private doubt(at: number, others: readonly number[]): void {
    for (const other of others) if (this.mayHaveSamePixels(at, other)) this.unsure.add(at).add(other);
  }

  /** Of pictures that cannot be described those with a size that others have, in another format. */
  private doubtFlat(flat: readonly number[]): void {
    const sizes = new Map<string, number[]>();
    for (const at of flat) {
      const { width, height } = this.key(at);
      const size = `${width} ${height}`;
      const others = sizes.get(size);
      if (others === undefined) sizes.set(size, [at]);
      else others.push(at);
    }
    for (const others of sizes.values()) {
      const [one = NaN] = others;
      const other = others.find((at) => this.key(at).format !== this.key(one).format);
      if (other !== undefined && this.mayHaveSamePixels(one, other)) for (const at of others) this.unsure.add(at);
    }
  }

  private key(at: number): PictureKeys & FileFacts {
    return defined(this.keys[at], 'the keys of a picture');
  }

  /** The leaders that a picture may show, with its place in them, the likeliest first. */
  private near(
    at: number,
    found: readonly Candidate[],
    states: Uint8Array,
    twin: number | undefined,
  ): Map<number, Placement> {
    const near = new Map<number, Placement>();
    const add = (other: number, placement: Placement): void => {
      const relation = this.relations[other];
      const leader = relation?.leader ?? other;
      if (!near.has(leader)) near.set(leader, relation ? composed(relation.placement, placement) : placement);
    };
    if (twin !== undefined) add(twin, WHOLE);
    const candidates = [...found].sort((a, b) => a.residual - b.residual || a.second - b.second);
    for (const { second, placement } of candidates) {
      if (states[second] !== STATE.later) {
        add(second, inverse(placement));
        continue;
      }
      const waiting = this.awaited.get(second) ?? new Map<number, Placement>();
      this.awaited.set(second, waiting.set(at, placement));
    }
    for (const [other, placement] of this.awaited.get(at) ?? []) add(other, placement);
    this.awaited.delete(at);
    return near;
  }

  private async compareWithLeaders(at: number, near: ReadonlyMap<number, Placement>): Promise<void> {
    let looked = 0;
    let best: Relation | undefined;
    for (const [leader, placement] of near) {
      if (looked >= LOOKED_AT) break;
      const verdict = await this.compare(at, leader, placement);
      if (verdict === 'far') continue;
      looked++;
      if (verdict === 'different' || !this.kinds.has(verdict.kind)) continue;
      this.alike.union(leader, at);
      if (verdict.kind === 'equal') this.exact.union(leader, at);
      if (best === undefined || verdict.similarity > best.similarity) best = verdict;
    }
    this.relations[at] = best;
  }

  /** @param near about where the picture lies in the leader */
  private async compare(at: number, leader: number, near: Placement): Promise<Relation | 'far' | 'different'> {
    const relation = (kind: DuplicateKind, similarity: number, placement: Placement): Relation => ({
      leader,
      kind,
      similarity,
      placement,
    });
    const sameModel = this.key(at).pixels === this.key(leader).pixels;
    if (!sameModel && !(await this.isRoughly(at, leader, near))) return 'far';
    const [mine, other] = [await this.access.thumbnail(at), await this.access.thumbnail(leader)];
    if (sameModel && Buffer.compare(mine, other) === 0) return relation('equal', 1, WHOLE);
    const [a, b] = [await this.thumbnail(leader, other), await this.thumbnail(at, mine)];
    if (a === undefined || b === undefined) return 'different';
    if (a.size === b.size && Buffer.compare(a.pixels, b.pixels) === 0) return relation('equal', 1, WHOLE);
    const lossy = isLossy(this.key(at).format) || isLossy(this.key(leader).format);
    const same = await samePicture(a, b, near, lossy);
    if (same === undefined) return 'different';
    return relation(this.kindOf(at, leader, same.placement, a.size === b.size), 1 - same.residual, same.placement);
  }

  /** Whether what the model sees is the same, but for the details. */
  private async isRoughly(at: number, leader: number, near: Placement): Promise<boolean> {
    const lossy = isLossy(this.key(at).format) || isLossy(this.key(leader).format);
    return mayShow(await this.plane(leader), await this.plane(at), near, lossy);
  }

  private kindOf(at: number, leader: number, placement: Placement, sameEdge: boolean): DuplicateKind {
    if (placement.mirrored) return 'mirrored';
    if (!isWhole(placement)) return 'cropped';
    const [a, b] = [this.key(at), this.key(leader)];
    const sameSize = a.width === null || b.width === null ? sameEdge : a.width === b.width && a.height === b.height;
    return sameSize ? 're-encoded' : 'resized';
  }

  /**
   * A JPEG is decoded at a reduced scale, and its pixels in a PNG are scaled down, which leaves different pixels of noise: then only
   * the whole pictures tell. Whatever is scaled down in one way has told.
   */
  private mayHaveSamePixels(at: number, other: number): boolean {
    const [a, b] = [this.key(at), this.key(other)];
    const scaled = a.width !== a.edge || a.height !== a.edge;
    return scaled && a.width === b.width && a.height === b.height && a.format !== b.format;
  }

  /** Joins pictures whose whole pixels are the same. */
  private async compareWhole(): Promise<void> {
    const digests = new Map<string, number>();
    for (const at of this.order) {
      if (!this.unsure.has(at)) continue;
      const digest = await this.access.wholeDigest(at);
      if (digest === undefined) continue;
      const copy = digests.get(digest);
      if (copy === undefined) digests.set(digest, at);
      else this.join(at, copy, 'equal', 1, WHOLE);
    }
    // A leader may have joined another group with all its own.
    for (const [at, relation] of this.relations.entries()) {
      const above = relation && this.relations[relation.leader];
      if (relation === undefined || above === undefined) continue;
      const { leader, similarity } = above;
      const placement = composed(above.placement, relation.placement);
      this.relations[at] = { ...relation, leader, similarity: Math.min(similarity, relation.similarity), placement };
    }
  }

  /** Into the group of an exact copy. */
  private join(at: number, copy: number, kind: DuplicateKind, similarity: number, placement: Placement): void {
    if (!this.kinds.has(kind)) return;
    this.exact.union(copy, at);
    this.alike.union(copy, at);
    const relation = this.relations[copy];
    this.relations[at] = relation ?? { leader: copy, kind, similarity, placement };
  }

  private async plane(at: number): Promise<RoughPlane> {
    const known = this.planes.get(at);
    if (known !== undefined) return known;
    const picture = await this.access.pixels(at);
    const edge = Math.min(MODEL_EDGE, picture.size, this.key(at).edge || picture.size);
    return remember(this.planes, at, planeOf(picture, edge), Math.floor(KEPT_BYTES / edge ** 2));
  }

  private async thumbnail(at: number, png: Uint8Array): Promise<Picture | undefined> {
    if (this.thumbnails.has(at)) return this.thumbnails.get(at);
    return remember(this.thumbnails, at, await this.access.decodeThumbnail(png), KEPT);
  }
}

/** Keeps the last ones. */
function remember<T>(kept: Map<number, T>, at: number, value: T, most: number): T {
  if (kept.size >= most) kept.delete(kept.keys().next().value ?? NaN);
  kept.set(at, value);
  return value;
}
