import { Random } from '@neurodex/autograd';

/** State of a sampler, without its items: the random state that its pass was shuffled with, and how much is left of it. */
export interface EpochSamplerState {
  readonly shuffledWith: readonly number[];
  readonly left: number;
}

/** Endless passes over a list, each in a new random order: every item once before any comes again. */
export class EpochSampler<T> {
  private readonly items: readonly T[];
  private left: T[] = [];
  private shuffledWith: readonly number[] = [];

  constructor(items: readonly T[]) {
    this.items = items;
  }

  get size(): number {
    return this.items.length;
  }

  draw(random: Random): T {
    if (this.left.length === 0) {
      this.shuffledWith = random.state;
      this.left = random.shuffled(this.items);
    }
    const item = this.left.pop();
    if (item === undefined) throw new RangeError('there is nothing to sample from');
    return item;
  }

  get state(): EpochSamplerState {
    return { shuffledWith: this.shuffledWith, left: this.left.length };
  }

  /** @throws RangeError when more is left than there are items */
  restore({ shuffledWith, left }: EpochSamplerState): void {
    if (left > this.items.length) throw new RangeError(`${left} of ${this.items.length} items cannot be left`);
    this.shuffledWith = shuffledWith;
    // Items are taken from the end.
    this.left = left === 0 ? [] : Random.restore(shuffledWith).shuffled(this.items).slice(0, left);
  }
}

/** `count` different items at random, all of them in random order where there are no more (Fisher & Yates, stopped early). */
export function sample<T>(items: readonly T[], count: number, random: Random): T[] {
  if (items.length === 1) return [...items];
  const pool = [...items];
  const taken = Math.min(count, pool.length);
  for (let i = 0; i < taken; i++) {
    const j = i + random.integer(pool.length - i);
    [pool[i], pool[j]] = [pool[j] as T, pool[i] as T];
  }
  return pool.slice(0, taken);
}
