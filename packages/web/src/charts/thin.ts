import type { Line } from './line-chart.tsx';

type Point = Line['points'][number];

/** The mean of a window of `width` points around each point; the window is cut off at both ends. */
export function smoothed(points: readonly Point[], width: number): Point[] {
  const half = Math.floor(width / 2);
  const sums = [0];
  for (const { y } of points) sums.push((sums.at(-1) ?? 0) + y);
  return points.map(({ x }, i) => {
    const [from, to] = [Math.max(0, i - half), Math.min(points.length, i + half + 1)];
    return { x, y: ((sums[to] ?? 0) - (sums[from] ?? 0)) / (to - from) };
  });
}

/** At most `most` evenly spaced points, with the first and the last. */
export function thinned(points: readonly Point[], most: number): Point[] {
  if (points.length <= most) return [...points];
  const positions = Array.from({ length: most }, (_, i) => Math.round((i * (points.length - 1)) / (most - 1)));
  return positions.flatMap((position) => points.slice(position, position + 1));
}
