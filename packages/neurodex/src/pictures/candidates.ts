import type { DuplicateKind } from './duplicate-facts.ts';
import { BLOCKS } from './fingerprint.ts';
import type { NearPoints } from './near-points.ts';
import { NeighbourTree } from './neighbour-tree.ts';
import { isWhole } from './placement.ts';
import { type Plane, type Registration, register, smoothed } from './register.ts';
import {
  DESCRIPTION_LENGTH,
  MIRROR_SIGNS,
  MIRRORED,
  neighboursOf,
  tangentsOf,
  WHOLE_AT,
  WINDOWS,
  WindowDescriber,
} from './windows.ts';

/** Two pictures that may show the same: the second shows a window of the first. */
export interface Candidate extends Registration {
  readonly first: number;
  readonly second: number;
}

/** Squared distances of two descriptions of one picture, at most: as it is, and cropped between two windows. */
const RADII = [0.006, 0.08] as const;
/** The same of one picture that was scaled down in two ways: noise comes out rather different. */
const NOT_FAR = 0.4;
/** Descriptions that each window is compared with, at most, in a crowd of pictures that are much alike. */
const COMPARED = 160;
/** The same where some of the pictures are looked up alone: the nearest are in the first leaves. */
const COMPARED_AMONG_SOME = 48;
/** Leaders that are found for a window and registered with a picture, and pictures that will be compared later; at most. */
const [LEADERS, LATER] = [8, 4];
/** Squared distance of two descriptions of one picture without what a small change of the window explains, at most. */
const UNEXPLAINED = 0.03;
/** The same of small pictures of one size, of which one may be no window of the other, pixel by pixel: they have to be more alike. */
const UNEXPLAINED_SMALL = 0.005;
const SMALL_EDGE = 40;
/** Residual of two registered fingerprints of one picture, at most: as it is, and cropped. */
const [RESIDUAL, CROPPED_RESIDUAL] = [0.05, 0.2];

export const STATE = { later: 0, leader: 1, member: 2 } as const;

/**
 * Pairs of pictures that may show the same, cropped or mirrored as well: by descriptions of their windows, which are looked up in a
 * tree of descriptions of whole pictures, and then by their fingerprints, one registered with the other. Time grows with the number
 * of pictures, not with its square.
 */
export class CandidateFinder {
  /** Pictures with too little contrast to be described: of one colour, or of noise. */
  readonly flat: number[] = [];
  /** Leaders of groups that the last picture was compared with, perhaps several times: what was found depends on what they are. */
  readonly leaders: number[] = [];
  private readonly fingerprints: readonly Uint8Array[];
  private readonly edges: Int32Array;
  private readonly tree: NeighbourTree;
  /** Of the pictures that are looked up alone; undefined where all are. */
  private readonly some: NeighbourTree | undefined;
  private readonly describer = new WindowDescriber();
  private readonly windows = new Float32Array(WINDOWS.length * DESCRIPTION_LENGTH);
  private readonly query = new Float32Array(DESCRIPTION_LENGTH);
  /** Of each picture the least unexplained distance from the one that is looked up, and the window and mirror of it. */
  private readonly distances: Float32Array;
  private readonly places: Int32Array;

  /** What each picture is by now: compared later, leader of a group, or member of one. */
  readonly states: Uint8Array;
  /** Places of the windows that are looked up, and whether in a mirror as well. */
  private readonly looked: readonly (readonly [window: number, mirrored: boolean])[];
  /** Windows that are described: those, and their neighbours. */
  private readonly described: ReadonlySet<number>;

  /**
   * @param members places of the pictures that are compared; those with too little contrast are left out
   * @param edges of the thumbnails of all pictures, in pixels
   * @param kinds of duplicates that are looked for: without cropped ones only whole pictures are looked up
   * @param isSome tells the pictures that `ofSome` finds
   * @param states of all pictures; all are compared later by default
   */
  constructor(
    fingerprints: readonly Uint8Array[],
    members: Iterable<number>,
    edges: ArrayLike<number>,
    kinds: ReadonlySet<DuplicateKind>,
    isSome?: ((at: number) => boolean) | undefined,
    states: Uint8Array = new Uint8Array(fingerprints.length).fill(STATE.later),
  ) {
    const [cropped, mirrored] = [kinds.has('cropped'), kinds.has('mirrored')];
    this.looked = WINDOWS.flatMap((_, window) =>
      cropped || window === WHOLE_AT ? [[window, mirrored && MIRRORED[window] === true] as const] : [],
    );
    this.described = new Set(this.looked.flatMap(([window]) => neighboursOf(window)));
    this.fingerprints = fingerprints;
    this.edges = Int32Array.from(edges);
    const length = DESCRIPTION_LENGTH;
    const descriptions = new Float32Array(fingerprints.length * length);
    this.distances = new Float32Array(fingerprints.length).fill(Infinity);
    this.places = new Int32Array(fingerprints.length);
    this.states = states;
    const described = [...members].filter((at) => {
      const fingerprint = fingerprints[at] ?? new Uint8Array();
      const isDescribed = this.describer.describeWhole(fingerprint, descriptions, at * length);
      if (!isDescribed) this.flat.push(at);
      return isDescribed;
    });
    this.tree = new NeighbourTree(descriptions, length, described);
    this.some = isSome && new NeighbourTree(descriptions, length, described.filter(isSome));
  }

  /** Pictures that may show what a window of this one shows. */
  of(at: number): Candidate[] {
    return this.candidates(at, this.tree, COMPARED);
  }

  /** The same among some of the pictures. */
  ofSome(at: number): Candidate[] {
    return this.some === undefined ? this.of(at) : this.candidates(at, this.some, COMPARED_AMONG_SOME);
  }

  private candidates(at: number, tree: NeighbourTree, compared: number): Candidate[] {
    const fingerprint = this.fingerprints[at] ?? new Uint8Array();
    this.leaders.length = 0;
    if (!this.describer.describe(fingerprint, this.windows, this.described)) return [];
    const near = this.near(at, tree, compared);
    near.sort((a, b) => (this.distances[a] ?? NaN) - (this.distances[b] ?? NaN) || a - b);
    const found: Candidate[] = [];
    const plane = near.length === 0 ? undefined : this.plane(at);
    const isLater = (other: number): boolean => this.states[other] === STATE.later;
    const nearest = [
      ...near.filter((other) => !isLater(other)).slice(0, LEADERS),
      ...near.filter(isLater).slice(0, LATER),
    ];
    for (const second of nearest) {
      const place = this.places[second] ?? NaN;
      const mirrored = place % 2 === 1;
      const start = WINDOWS[place >> 1];
      if (plane === undefined || start === undefined) continue;
      const registration = register(plane, this.plane(second, start.scale), { ...start, mirrored }, CROPPED_RESIDUAL);
      if (registration === undefined) continue;
      const { residual, placement } = registration;
      if (residual <= RESIDUAL || !isWhole(placement)) found.push({ first: at, second, ...registration });
    }
    for (const other of near) this.distances[other] = Infinity;
    return found;
  }

  /** Pictures that are not far from this one: their whole pixels may be the same where two ways of scaling down were. */
  notFar(at: number): number[] {
    const found: number[] = [];
    const fingerprint = this.fingerprints[at] ?? new Uint8Array();
    if (!this.describer.describeWhole(fingerprint, this.query, 0)) return found;
    this.tree.within(this.query, NOT_FAR, COMPARED, (other) => {
      if (other !== at) found.push(other);
      return found.length >= LEADERS;
    });
    return found;
  }

  private plane(at: number, scale = 1): Plane {
    return smoothed(this.fingerprints[at] ?? [], BLOCKS, scale);
  }

  /** Places of the pictures that are near, with `distances` and `places` set. */
  private near(at: number, tree: NeighbourTree, compared: number): number[] {
    const near: number[] = [];
    const own = this.edges[at] ?? NaN;
    const length = DESCRIPTION_LENGTH;
    for (const [window, mirrored] of this.looked) {
      const start = window * length;
      let tangents: Float32Array | undefined;
      for (let mirror = 0; mirror < (mirrored ? 2 : 1); mirror++) {
        for (let k = 0; k < length; k++)
          this.query[k] = (this.windows[start + k] ?? NaN) * (mirror === 1 ? (MIRROR_SIGNS[k] ?? NaN) : 1);
        let [leaders, later] = [0, 0];
        const look = (other: number, _: number, place: number): boolean => {
          const state = this.states[other];
          // Whoever is in a group is found by its leader.
          if (other === at || state === STATE.member || (state === STATE.later && later >= LATER)) return false;
          if (state === STATE.leader) {
            leaders++;
            this.leaders.push(other);
          } else later++;
          tangents ??= tangentsOf(this.windows, window);
          const distance = this.unexplained(start, tree.near, place, mirror === 1, tangents);
          const before = this.distances[other] ?? NaN;
          const small = own < SMALL_EDGE && this.edges[other] === own;
          if (distance <= (small ? UNEXPLAINED_SMALL : UNEXPLAINED) && distance < before) {
            if (before === Infinity) near.push(other);
            this.distances[other] = distance;
            this.places[other] = 2 * window + mirror;
          }
          return leaders >= LEADERS;
        };
        for (const radius of RADII) tree.within(this.query, radius, compared, look);
      }
    }
    return near;
  }

  /** Squared distance of a description from a window's, without what lies along the changes of the window (Simard et al. 1993). */
  private unexplained(
    start: number,
    { points, stride }: NearPoints,
    place: number,
    mirrored: boolean,
    tangents: Float32Array,
  ): number {
    const length = DESCRIPTION_LENGTH;
    let [sum, byScale, byX, byY] = [0, 0, 0, 0];
    for (let k = 0; k < length; k++) {
      const value = (points[place * stride + k] ?? NaN) * (mirrored ? (MIRROR_SIGNS[k] ?? NaN) : 1);
      const difference = value - (this.windows[start + k] ?? NaN);
      sum += difference * difference;
      byScale += difference * (tangents[k] ?? NaN);
      byY += difference * (tangents[length + k] ?? NaN);
      byX += difference * (tangents[2 * length + k] ?? NaN);
    }
    return sum - byScale * byScale - byX * byX - byY * byY;
  }
}
