import { visibleName } from 'neurodex/client';
import type { Query, ReferencePicture } from '../engine.ts';

/** `1,234` */
export const count = (n: number): string => n.toLocaleString('en-US');

/** `1,234 pictures`, `1 picture` */
export const counted = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** A measure, as `neurodex evaluate` prints it. */
export const figure = (value: number): string => value.toFixed(3);

export const signed = (value: number): string => (value < 0 ? '−' : '+') + Math.abs(value).toFixed(3);

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** A share or a probability: `0.82`, and `3 × 10⁻⁵` where two decimals would round it to 0. */
export function share(value: number): string {
  if (value === 0 || value >= 0.005) return value.toFixed(2);
  const [mantissa, exponent] = value.toExponential(0).split('e');
  const power = [...String(Math.abs(Number(exponent)))].map((digit) => SUPERSCRIPTS[Number(digit)]).join('');
  return `${mantissa} × 10⁻${power}`;
}

/** `12 %`; a share between 0 and half a per cent is `< 1 %`. */
export const percent = (value: number): string =>
  value > 0 && value < 0.005 ? '< 1 %' : `${Math.round(value * 100)} %`;

/** `34 ms`, `1.2 s`, `3 min` */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  return seconds < 90 ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s` : `${count(Math.round(seconds / 60))} min`;
}

/** `4.2 MB`, in powers of 1000. */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let [value, unit] = [n, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `24 November 2026` */
export function day(date: string): string {
  const parsed = new Date(date);
  return Number.isNaN(parsed.getTime())
    ? date
    : parsed.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
}

/** The title of a picture: its labels, or else its name. */
export const titleOf = ({ labels, name }: { readonly labels: readonly string[]; readonly name: string }): string =>
  labels.length > 0 ? labels.map(visibleName).join(', ') : name;

/** The file's name, or the picture's title. */
export const pictureTitle = (picture: ReferencePicture): string =>
  picture.kind === 'file' ? picture.file.name : titleOf(picture.picture);

/** What is searched for: `cat`, `“beach” without “people”`, `cat with “red” without “people”`. */
export function queryTitle({ picture, text, minus }: Query): string {
  const quoted = minus.map((words) => `“${words}”`);
  const parts = [
    ...(picture === null ? [] : [pictureTitle(picture)]),
    ...(text === '' ? [] : [`${picture === null ? '' : 'with '}“${text}”`]),
    ...(quoted.length === 0 ? [] : [`without ${quoted.join(', ')}`]),
  ];
  return parts.join(' ');
}
