import { type DuplicateFacts, NO_DUPLICATES } from '../pictures/duplicate-facts.ts';

/** 1234567 → '1,234,567', on every machine alike. */
export const formatCount = (n: number): string => n.toLocaleString('en-US');

/** 7 → '7 s', 75 → '1 min 15 s', 7300 → '2 h 1 min'. */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** 1536 → '1.5 kB'. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toPrecision(3)} ${units[unit]}`;
}

/** Three significant places, and no exponent where a person would not write one. */
export function formatMetric(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(1);
  return size >= 100 ? value.toFixed(0) : value.toFixed(size >= 10 ? 1 : 3);
}

export const plural = (n: number, noun: string, nouns = `${noun}s`): string =>
  `${formatCount(n)} ${n === 1 ? noun : nouns}`;

/** Of each part that has any: a network that learns from its catalogue has no training queries. */
export function queriesLine(queries: {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}): string {
  const { train, validation, test } = queries;
  const parts = Object.entries({ train, validation, test }).filter(([, count]) => count > 0);
  return `queries     ${parts.length === 0 ? 'none' : parts.map(([name, count]) => `${formatCount(count)} ${name}`).join(', ')}`;
}

/** A line of a summary; none where no picture occurs twice. */
export const duplicatesLine = ({ sets, copies, leftOut }: DuplicateFacts = NO_DUPLICATES): string[] => {
  const kept = copies === 0 ? [] : [`${plural(copies, 'copy', 'copies')} of ${plural(sets, 'picture')}`];
  const gone = leftOut === 0 ? [] : [`${plural(leftOut, 'copy', 'copies')} left out, which another split has`];
  return copies + leftOut === 0 ? [] : [`duplicates  ${[...kept, ...gone].join(', ')}`];
};
