import type { Role, SearchScope, SystemName } from '../engine.ts';
import { SYSTEMS } from './systems.ts';

/** Answers per system that the search page offers. */
export const CHOICES_OF_K = [5, 10, 20, 50] as const;
export const DEFAULT_K = 10;

export const ROLES = ['catalogue', 'train', 'validation', 'test'] as const satisfies readonly Role[];

/** A page with its parameters. The index is null where the address names none: the server's default. */
export type Route =
  | {
      readonly page: 'search';
      readonly index: string | null;
      /** A picture of the index. */
      readonly picture: string | null;
      /** A file of the visitor's, by the key of `keepFile`; null beside a picture of the index. */
      readonly file: string | null;
      /** What the visitor typed. */
      readonly words: string | null;
      readonly k: number;
      /** Null: every system. */
      readonly system: SystemName | null;
    }
  | {
      readonly page: 'catalogue';
      readonly index: string | null;
      /** Null: every role. */
      readonly role: Role | null;
      readonly label: string | null;
      readonly offset: number;
    }
  | { readonly page: 'measures'; readonly index: string | null }
  | { readonly page: 'compare'; readonly indexes: readonly string[] };

export type PageName = Route['page'];

export const PAGES = ['search', 'catalogue', 'measures', 'compare'] as const satisfies readonly PageName[];
export const PAGE_TITLES: Readonly<Record<PageName, string>> = {
  search: 'Search',
  catalogue: 'Catalogue',
  measures: 'Measures',
  compare: 'Compare',
};

/** The route of an address's fragment, such as `#/catalogue/demo?label=cat`; null where no page has it. */
export function parseRoute(fragment: string): Route | null {
  const [path = '', query = ''] = fragment.replace(/^#?\/?/, '').split('?', 2);
  const [page = '', name = '', ...rest] = path.split('/').map(decoded);
  if (rest.length > 0) return null;
  const parameters = new URLSearchParams(query);
  const index = name === '' ? null : name;
  switch (page) {
    case '':
    case 'search':
      return searchRoute(index, parameters);
    case 'catalogue':
      return {
        page: 'catalogue',
        index,
        role: ROLES.find((role) => role === parameters.get('role')) ?? null,
        label: parameters.get('label') || null,
        offset: whole(parameters.get('offset'), 0) ?? 0,
      };
    case 'measures':
      return { page: 'measures', index };
    case 'compare':
      return index === null ? { page: 'compare', indexes: parameters.getAll('index') } : null;
    default:
      return null;
  }
}

/** The fragment of a route, as `parseRoute` reads it. */
export function hrefOf(route: Route): string {
  const parameters = new URLSearchParams();
  const add = (key: string, value: string | null): void => {
    if (value !== null) parameters.append(key, value);
  };
  if (route.page === 'search') {
    add('picture', route.picture);
    add('file', route.file);
    add('q', route.words);
    add('k', route.k === DEFAULT_K ? null : String(route.k));
    add('system', route.system);
  } else if (route.page === 'catalogue') {
    add('role', route.role);
    add('label', route.label);
    add('offset', route.offset === 0 ? null : String(route.offset));
  } else if (route.page === 'compare') {
    for (const index of route.indexes) add('index', index);
  }
  const name = route.page === 'compare' || route.index === null ? '' : `/${encodeURIComponent(route.index)}`;
  const query = parameters.toString();
  return `#/${route.page}${name}${query === '' ? '' : `?${query}`}`;
}

export type SearchRoute = Extract<Route, { page: 'search' }>;

function searchRoute(index: string | null, parameters: URLSearchParams): SearchRoute {
  const picture = parameters.get('picture') || null;
  return {
    page: 'search',
    index,
    picture,
    file: picture === null ? parameters.get('file') || null : null,
    words: parameters.get('q') || null,
    k: whole(parameters.get('k'), 1) ?? DEFAULT_K,
    system: SYSTEMS.find((system) => system === parameters.get('system')) ?? null,
  };
}

/** Searches with a picture of an index alone. */
export const searchFor = (
  index: string,
  picture: string,
  { k, system }: SearchScope = { k: DEFAULT_K, system: null },
): SearchRoute => ({
  page: 'search',
  index,
  picture,
  file: null,
  words: null,
  k,
  system,
});

/** The first view of a page. */
export function firstView(page: PageName, index: string | null): Route {
  switch (page) {
    case 'search':
      return { page, index, picture: null, file: null, words: null, k: DEFAULT_K, system: null };
    case 'catalogue':
      return { page, index, role: null, label: null, offset: 0 };
    case 'measures':
      return { page, index };
    case 'compare':
      return { page, indexes: [] };
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function whole(text: string | null, smallest: number): number | undefined {
  if (text === null || !/^\d{1,15}$/.test(text)) return undefined;
  return Math.max(smallest, Number(text));
}
