/** Parameters of SIFT (Lowe 2004), named as in OpenCV, whose defaults these are. Sections are Lowe's. */
export interface SiftParameters {
  /** Scales per octave in which extrema are sought (§3.2). */
  readonly octaveLayers: number;
  /** Least contrast of a keypoint, as a share of the range of values, over all layers of an octave together (§4). */
  readonly contrastThreshold: number;
  /** Largest ratio of the principal curvatures: a keypoint on an edge has a large one (§4.1). */
  readonly edgeThreshold: number;
  /** Deviation of the first scale of each octave, in pixels of that octave (§3.3). */
  readonly sigma: number;
}

export const SIFT_DEFAULTS: SiftParameters = {
  octaveLayers: 3,
  contrastThreshold: 0.04,
  edgeThreshold: 10,
  sigma: 1.6,
};

/** Blur that a camera picture is assumed to have, in pixels (§3.3). */
export const CAMERA_SIGMA = 0.5;
/** Pixels at the border of an octave in which no keypoint is sought. */
export const BORDER = 5;
/** Length of a descriptor: 4 × 4 histograms of 8 orientations (§6.2). */
export const DESCRIPTOR_LENGTH = 128;
