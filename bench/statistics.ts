import { mapValues } from '@neurodex/core';

/** The figures of one side over the rounds, in the unit that was measured. */
export interface Summary {
  readonly median: number;
  readonly minimum: number;
  readonly maximum: number;
  /** In the order of the rounds. */
  readonly all: readonly number[];
}

/** The middle value; between the two middle ones where their number is even. @throws RangeError when empty */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new RangeError('the median of no values');
  return (lower + upper) / 2;
}

/** The smallest of the values that this share of them do not exceed (nearest rank). @throws RangeError when empty */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new RangeError('a percentile of no values');
  return value;
}

export function summarise(values: readonly number[]): Summary {
  return { median: median(values), minimum: Math.min(...values), maximum: Math.max(...values), all: values };
}

/**
 * Measure the sides in turn, A B A B …, so that what else the machine does falls on all of them alike.
 * @param sides each measures itself once and gives the value of that round
 * @param rounds 1 or more
 * @param onRound hears each value as it comes
 */
export async function interleave<R extends Readonly<Record<string, () => Promise<number>>>>(
  sides: R,
  rounds: number,
  onRound: (side: string, round: number, value: number) => void = () => {},
): Promise<{ readonly [Name in keyof R]: Summary }> {
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`rounds is ${rounds}, not 1 or more`);
  const turns = mapValues(sides, (measure: () => Promise<number>) => {
    const all: number[] = [];
    return { measure, all };
  });
  for (let round = 1; round <= rounds; round++) {
    for (const [name, { measure, all }] of Object.entries(turns)) {
      const value = await measure();
      all.push(value);
      onRound(name, round, value);
    }
  }
  return mapValues(turns, ({ all }: { readonly all: readonly number[] }) => summarise(all));
}
