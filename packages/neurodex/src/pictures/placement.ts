/** A square of a picture: its edge as a share of the picture's, and how far its centre lies from the picture's, in the same unit. */
export interface Window {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** Where one picture lies in another: the window of that one that it shows, perhaps in a mirror. */
export interface Placement extends Window {
  readonly mirrored: boolean;
}

export const WHOLE: Placement = { scale: 1, x: 0, y: 0, mirrored: false };

/** Where the first picture lies in the second. */
export const inverse = ({ scale, x, y, mirrored }: Placement): Placement => ({
  scale: 1 / scale,
  x: ((mirrored ? 1 : -1) * x) / scale,
  y: -y / scale,
  mirrored,
});

/** Where a third picture lies in the first: `b` in it, and the third in `b`. */
export const composed = (b: Placement, inner: Placement): Placement => ({
  scale: b.scale * inner.scale,
  x: b.x + (b.mirrored ? -1 : 1) * b.scale * inner.x,
  y: b.y + b.scale * inner.y,
  mirrored: b.mirrored !== inner.mirrored,
});

/** Changes of scale and place that are none: less than a pixel of a small picture. */
const [SAME_SCALE, SAME_PLACE] = [0.02, 0.012];

/** Whether a picture lies on all of another one. */
export const isWhole = ({ scale, x, y }: Placement): boolean =>
  Math.abs(Math.log(scale)) <= SAME_SCALE && Math.abs(x) <= SAME_PLACE && Math.abs(y) <= SAME_PLACE;

/** An estimate of a place may be so far off. */
const [NEAR_SCALE, NEAR_PLACE] = [0.1, 0.05];

/** Whether a picture may lie on all of another one, by an estimate. */
export const isNearlyWhole = ({ scale, x, y }: Placement): boolean =>
  Math.abs(Math.log(scale)) <= NEAR_SCALE && Math.abs(x) <= NEAR_PLACE && Math.abs(y) <= NEAR_PLACE;
