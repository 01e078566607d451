import type { Line } from './line-chart.tsx';

type Point = Line['points'][number];

/** Mean over a window of `width` points around each, cut off at both ends. */
export function smoothed(points: readonly Point[], width: number): Point[] {
  const half = Math.floor(width / 2);
  const sums = [0];
  for (const { y } of points) sums.push((sums.at(-1) ?? 0) + y);
  return points.map(({ x }, i) => {
    const [from, to] = [Math.max(0, i - half), Math.min(points.length, i + half + 1)];
    return { x, y: ((sums[to] ?? 0) - (sums[from] ?? 0)) / (to - from) };
  });
}

/** At most `most` points, evenly spread, the first and the last among them. */
export function thinned(points: readonly Point[], most: number): Point[] {
  if (points.length <= most) return [...points];
  return Array.from({ length: most }, (_, i) => points[Math.round((i * (points.length - 1)) / (most - 1))] as Point);
}
