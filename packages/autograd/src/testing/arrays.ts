import type { Shape } from '../core/types.ts';

/** A tensor of plain numbers in float64, row-major; integers and booleans are numbers as well. */
export interface Value {
  readonly shape: Shape;
  readonly data: readonly number[];
}

export type Index = readonly number[];

const count = (shape: Shape): number => shape.reduce((n, d) => n * d, 1);

/** All index tuples of a shape, the last axis fastest. */
export function indices(shape: Shape): Index[] {
  return shape.reduce<Index[]>(
    (found, length) => found.flatMap((index) => Array.from({ length }, (_, i) => [...index, i])),
    [[]],
  );
}

export const build = (shape: Shape, element: (index: Index) => number): Value => ({
  shape,
  data: indices(shape).map(element),
});

/** The element at an index. As in NumPy, an index with more axes is read from the right, and length 1 repeats. */
export function at({ shape, data }: Value, index: Index): number {
  const extra = index.length - shape.length;
  const position = shape.reduce((p, length, axis) => p * length + (length === 1 ? 0 : (index[axis + extra] ?? 0)), 0);
  const element = data[position];
  if (element === undefined) throw new RangeError(`no element [${index}] in a tensor of shape [${shape}]`);
  return element;
}

export function broadcast(...shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = shapes.map((s) => s[axis + s.length - rank] ?? 1);
    return lengths.find((d) => d !== 1) ?? 1;
  });
}

/** A function of numbers, applied to tensors that broadcast. */
export const pointwise =
  (f: (...numbers: number[]) => number) =>
  (inputs: readonly Value[]): readonly Value[] => [
    build(broadcast(...inputs.map((x) => x.shape)), (index) => f(...inputs.map((x) => at(x, index)))),
  ];

/** Gathers the elements that share an index outside `axes`, in order, and folds each group to one number. */
export function fold(x: Value, axes: readonly number[], keep: boolean, f: (group: number[]) => number): Value {
  const kept = x.shape.map((d, axis) => (axes.includes(axis) ? 1 : d));
  const groups = indices(kept).map((): number[] => []);
  const place: Value = { shape: kept, data: groups.map((_, i) => i) };
  for (const index of indices(x.shape)) groups[at(place, index)]?.push(at(x, index));
  return { shape: keep ? kept : kept.filter((_, axis) => !axes.includes(axis)), data: groups.map(f) };
}

/** A function from one row of the last axis to another of the same length. */
export function rows(x: Value, f: (row: number[]) => number[]): Value {
  const width = x.shape.at(-1) ?? 1;
  const data = Array.from({ length: count(x.shape) / width }, (_, i) => f(x.data.slice(i * width, (i + 1) * width)));
  return { shape: x.shape, data: data.flat() };
}

export const total = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0);

/** Largest difference, as a share of the largest element wanted; Infinity where shapes differ. */
export function difference(have: Value, want: Value): number {
  if (String(have.shape) !== String(want.shape) || have.data.length !== want.data.length) return Infinity;
  const largest = want.data.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
  const apart = want.data.reduce((m, x, i) => {
    const d = Math.abs(x - (have.data[i] ?? NaN));
    return Number.isNaN(d) ? Infinity : Math.max(m, d);
  }, 0);
  return apart === 0 ? 0 : apart / largest;
}
