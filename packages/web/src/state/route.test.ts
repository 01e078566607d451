import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstView, hrefOf, parseRoute, ROLES, type Route, searchFor } from './route.ts';
import { SYSTEMS } from './systems.ts';

const index = fc.option(fc.string({ minLength: 1, unit: 'grapheme' }), { nil: null });
const text = fc.option(fc.string({ minLength: 1, unit: 'grapheme' }), { nil: null });
const routes: fc.Arbitrary<Route> = fc.oneof(
  fc
    .record({
      page: fc.constant('search' as const),
      index,
      picture: text,
      file: text,
      words: text,
      k: fc.integer({ min: 1, max: 100_000 }),
      system: fc.constantFrom(...SYSTEMS, null),
    })
    .map((route) => (route.picture === null ? route : { ...route, file: null })),
  fc.record({
    page: fc.constant('catalogue' as const),
    index,
    role: fc.constantFrom(...ROLES, null),
    label: text,
    offset: fc.maxSafeNat().map((n) => n % 1e15),
  }),
  fc.record({ page: fc.constant('measures' as const), index }),
  fc.record({ page: fc.constant('compare' as const), indexes: fc.array(fc.string({ unit: 'grapheme' })) }),
);

describe('addresses of pages', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(routes, (route) => {
        expect(parseRoute(hrefOf(route))).toEqual(route);
      }),
    );
  });

  it('may be anything: none throws', () => {
    fc.assert(
      fc.property(fc.string(), (fragment) => {
        const route = parseRoute(fragment);
        if (route !== null) expect(parseRoute(hrefOf(route))).toEqual(route);
      }),
    );
  });

  it.each(['', '#', '#/', '#/search'])('%j is the search of the default index', (fragment) => {
    expect(parseRoute(fragment)).toEqual(firstView('search', null));
  });

  it.each(['#/nowhere', '#/search/a/b', '#/compare/a'])('%s is no page', (fragment) => {
    expect(parseRoute(fragment)).toBeNull();
  });

  it('fall back where a value is none', () => {
    expect(parseRoute('#/catalogue/a?role=king&offset=-3')).toEqual({
      page: 'catalogue',
      index: 'a',
      role: null,
      label: null,
      offset: 0,
    });
    expect(parseRoute('#/search?system=toString')).toEqual(firstView('search', null));
    expect(parseRoute('#/search/%E0%A4?k=0')).toEqual({ ...firstView('search', '%E0%A4'), k: 1 });
    expect(parseRoute('#/search?q=&picture=&file=')).toEqual(firstView('search', null));
  });

  it('name one picture: one of the index before a file', () => {
    expect(parseRoute('#/search/a?picture=a.1&file=1.png&q=red')).toEqual({ ...searchFor('a', 'a.1'), words: 'red' });
  });
});
