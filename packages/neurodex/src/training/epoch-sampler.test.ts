import { Random } from '@neurodex/autograd';
import { describe, expect, it } from 'vitest';
import { EpochSampler, sample } from './epoch-sampler.ts';

const items = ['a', 'b', 'c', 'd'];
const take = (sampler: EpochSampler<string>, random: Random, count: number) =>
  Array.from({ length: count }, () => sampler.draw(random));

describe('EpochSampler', () => {
  it('deals a shuffled list from its end, and shuffles again when it is empty', () => {
    const sampler = new EpochSampler(items);
    expect(sampler.size).toBe(4);
    const [random, other] = [Random.seeded(1), Random.seeded(1)];
    expect(sampler.state).toEqual({ shuffledWith: [], left: 0 });
    const first = other.state;
    const expected = other.shuffled(items).reverse();
    expect(take(sampler, random, 3)).toEqual(expected.slice(0, 3));
    expect(sampler.state).toEqual({ shuffledWith: first, left: 1 });
    // The pass has drawn its random numbers at once.
    expect(random.state).toEqual(other.state);
    expect(take(sampler, random, 1)).toEqual(expected.slice(3));
    expect(sampler.state).toEqual({ shuffledWith: first, left: 0 });
    expect(take(sampler, random, 4)).toEqual(other.shuffled(items).reverse());
  });

  it.each([0, 1, 3, 4, 6])('goes on from its state after %i draws', (drawn) => {
    const random = Random.seeded(2);
    const sampler = new EpochSampler(items);
    take(sampler, random, drawn);
    const restored = new EpochSampler(items);
    // A pass that is begun is thrown away.
    restored.draw(Random.seeded(9));
    restored.restore(sampler.state);
    expect(restored.state).toEqual(sampler.state);
    expect(take(restored, Random.restore(random.state), 9)).toEqual(take(sampler, random, 9));
  });

  it('takes a state with all items left, and refuses one with more', () => {
    const sampler = new EpochSampler(items);
    const shuffledWith = Random.seeded(3).state;
    sampler.restore({ shuffledWith, left: 4 });
    expect(take(sampler, Random.seeded(1), 4)).toEqual(Random.restore(shuffledWith).shuffled(items).reverse());
    expect(() => sampler.restore({ shuffledWith, left: 5 })).toThrow(new RangeError('5 of 4 items cannot be left'));
  });

  it('has nothing to deal of nothing', () => {
    expect(() => new EpochSampler([]).draw(Random.seeded(1))).toThrow(
      new RangeError('there is nothing to sample from'),
    );
  });
});

describe('sample', () => {
  it('leaves the items as they are, and gives another list of one', () => {
    const one = ['a'];
    expect(sample(one, 3, Random.seeded(1))).not.toBe(one);
    const before = [...items];
    sample(items, 3, Random.seeded(1));
    expect(items).toEqual(before);
  });

  it('has every item in every place about as often', () => {
    const random = Random.seeded(4);
    const counts = new Map<string, number>();
    for (let i = 0; i < 3000; i++) {
      for (const [place, item] of sample(items, 3, random).entries()) {
        counts.set(`${place}${item}`, (counts.get(`${place}${item}`) ?? 0) + 1);
      }
    }
    expect(counts.size).toBe(12);
    // 750 each; four standard deviations are 95.
    for (const count of counts.values()) expect(Math.abs(count - 750)).toBeLessThan(95);
  });
});
