/** Mean radius of the Earth in metres (IUGG). */
const RADIUS = 6_371_008.8;
const RADIANS = Math.PI / 180;

/** Metres between two places along a great circle, on a sphere: within 0.6 % of that on the ellipsoid. Degrees; NaN where one is not known. */
export function distance(latitude: number, longitude: number, otherLatitude: number, otherLongitude: number): number {
  const north = Math.sin(((otherLatitude - latitude) * RADIANS) / 2);
  const east = Math.sin(((otherLongitude - longitude) * RADIANS) / 2);
  const square = north * north + Math.cos(latitude * RADIANS) * Math.cos(otherLatitude * RADIANS) * east * east;
  return 2 * RADIUS * Math.asin(Math.min(1, Math.sqrt(square)));
}
