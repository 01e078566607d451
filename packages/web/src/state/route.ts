import { useSyncExternalStore } from 'react';
import type { Role } from '../engine.ts';

/** Answers of each system that can be asked for. */
export const CHOICES_OF_K = [5, 10, 20, 50] as const;
export const DEFAULT_K = 10;

export const ROLES = ['catalogue', 'train', 'validation', 'test'] as const satisfies readonly Role[];

/** What each page shows. The index is null where the address names none: the default one. */
export type Route =
  | { readonly page: 'search'; readonly index: string | null; readonly picture: string | null; readonly k: number }
  | {
      readonly page: 'catalogue';
      readonly index: string | null;
      /** Null: all. */
      readonly role: Role | null;
      readonly label: string | null;
      readonly offset: number;
    }
  | { readonly page: 'measures'; readonly index: string | null }
  | { readonly page: 'compare'; readonly indexes: readonly string[] };

export type PageName = Route['page'];

/** The route of an address's fragment, `#/catalogue/demo?label=cat`; null where there is no such page. */
export function parseRoute(fragment: string): Route | null {
  const [path = '', query = ''] = fragment.replace(/^#?\/?/, '').split('?', 2);
  const [page = '', name = '', ...rest] = path.split('/').map(decoded);
  if (rest.length > 0) return null;
  const asked = new URLSearchParams(query);
  const index = name === '' ? null : name;
  switch (page) {
    case '':
    case 'search':
      return { page: 'search', index, picture: asked.get('picture') || null, k: whole(asked.get('k'), 1) ?? DEFAULT_K };
    case 'catalogue':
      return {
        page: 'catalogue',
        index,
        role: ROLES.find((role) => role === asked.get('role')) ?? null,
        label: asked.get('label') || null,
        offset: whole(asked.get('offset'), 0) ?? 0,
      };
    case 'measures':
      return { page: 'measures', index };
    case 'compare':
      return index === null ? { page: 'compare', indexes: asked.getAll('index') } : null;
    default:
      return null;
  }
}

/** The fragment of a route: what `parseRoute` reads. */
export function hrefOf(route: Route): string {
  const asked = new URLSearchParams();
  const add = (key: string, value: string | null): void => {
    if (value !== null) asked.append(key, value);
  };
  if (route.page === 'search') {
    add('picture', route.picture);
    add('k', route.k === DEFAULT_K ? null : String(route.k));
  } else if (route.page === 'catalogue') {
    add('role', route.role);
    add('label', route.label);
    add('offset', route.offset === 0 ? null : String(route.offset));
  } else if (route.page === 'compare') {
    for (const index of route.indexes) add('index', index);
  }
  const name = route.page === 'compare' || route.index === null ? '' : `/${encodeURIComponent(route.index)}`;
  const query = asked.toString();
  return `#/${route.page}${name}${query === '' ? '' : `?${query}`}`;
}

export const searchFor = (index: string, picture: string, k: number = DEFAULT_K): Route => ({
  page: 'search',
  index,
  picture,
  k,
});

/** The first view of a page. */
export function firstView(page: PageName, index: string | null): Route {
  switch (page) {
    case 'search':
      return { page, index, picture: null, k: DEFAULT_K };
    case 'catalogue':
      return { page, index, role: null, label: null, offset: 0 };
    case 'measures':
      return { page, index };
    case 'compare':
      return { page, indexes: [] };
  }
}

const GONE = 'neurodex-gone';

/** Goes there at once: what shows the route is drawn anew before the next event. */
export function go(route: Route): void {
  location.hash = hrefOf(route);
  dispatchEvent(new Event(GONE));
}

/** The fragment as it changes. */
export const useFragment = (): string =>
  useSyncExternalStore(
    (changed) => {
      for (const event of ['hashchange', GONE]) addEventListener(event, changed);
      return () => {
        for (const event of ['hashchange', GONE]) removeEventListener(event, changed);
      };
    },
    () => location.hash,
  );

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function whole(text: string | null, least: number): number | undefined {
  if (text === null || !/^\d{1,6}$/.test(text)) return undefined;
  return Math.max(least, Number(text));
}
