import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { preferredServers } from './rendezvous.ts';

const servers = fc.uniqueArray(fc.webUrl(), { minLength: 2, maxLength: 8 });
const shard = fc.nat({ max: 100_000 });

describe('the servers of a shard', () => {
  it('are all of them, in an order that does not depend on how they are listed', () => {
    fc.assert(
      fc.property(shard, servers, (number, urls) => {
        const order = preferredServers(number, urls);
        expect([...order].sort()).toEqual([...urls].sort());
        expect(preferredServers(number, urls.toReversed())).toEqual(order);
      }),
    );
  });

  it('stay in their order where one of them goes: only its own shards move', () => {
    fc.assert(
      fc.property(shard, servers, fc.nat(), (number, urls, which) => {
        const gone = urls[which % urls.length];
        const left = urls.filter((url) => url !== gone);
        const before = preferredServers(number, urls);
        const after = preferredServers(number, left);
        expect(after).toEqual(before.filter((url) => url !== gone));
        if (before[0] !== gone) expect(after[0]).toBe(before[0]);
      }),
    );
  });

  it('have about equal shares of the shards', () => {
    const urls = ['http://a:8080', 'http://b:8080', 'http://c:8080', 'http://d:8080'];
    const counts = new Map(urls.map((url) => [url, 0]));
    const SHARDS = 4000;
    for (let number = 0; number < SHARDS; number++) {
      const [first = ''] = preferredServers(number, urls);
      counts.set(first, (counts.get(first) ?? 0) + 1);
    }
    // Of a binomial distribution with p = 1/4 the standard deviation is 27: five of them.
    for (const count of counts.values()) expect(Math.abs(count - SHARDS / 4)).toBeLessThan(5 * 27.4);
  });
});
