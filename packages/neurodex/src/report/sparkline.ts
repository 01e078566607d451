const BARS = [...'▁▂▃▄▅▆▇█'];

export interface SparklineOptions {
  /** Most columns; fewer values take fewer. */
  readonly width: number;
  /** Values of the lowest and of the highest bar; the least and the greatest of the values by default. */
  readonly range?: readonly [number, number];
}

/** Values as bars, one column each, or the mean of several where there are more than columns. A gap where there is none. */
export function sparkline(values: readonly number[], { width, range }: SparklineOptions): string {
  const columns = Math.min(Math.max(0, Math.floor(width)), values.length);
  const means = Array.from({ length: columns }, (_, i) => {
    const part = values
      .slice(Math.floor((i * values.length) / columns), Math.floor(((i + 1) * values.length) / columns))
      .filter(Number.isFinite);
    return part.length === 0 ? Number.NaN : part.reduce((sum, value) => sum + value / part.length, 0);
  });
  const finite = means.filter(Number.isFinite);
  const [low, high] = range ?? [Math.min(...finite), Math.max(...finite)];
  const span = high - low;
  // Half of everything where the whole span is more than a number holds; halves of the smallest numbers are no numbers.
  const scale = Number.isFinite(span) ? 1 : 0.5;
  return means
    .map((mean) => {
      if (Number.isNaN(mean)) return ' ';
      // A line that does not move is drawn at half height: it is neither low nor high.
      const share = high > low ? (scale * mean - scale * low) / (scale * high - scale * low) : 0.5;
      return BARS[Math.min(BARS.length - 1, Math.max(0, Math.floor(share * BARS.length)))];
    })
    .join('');
}
