import { listed } from '@neurodex/core';
import type { LayoutNote, Role } from './dataset.ts';
import { type SplitPart, splitPartOf } from './split-names.ts';

const ROLE_OF: Readonly<Record<SplitPart, Role | undefined>> = {
  catalogue: 'catalogue',
  train: 'train',
  validation: 'validation',
  test: 'test',
  // As retrieval data sets have it: the queries that a system is tested with.
  query: 'test',
  unlabelled: undefined,
};

/** The role of a folder by its name, where it has one. */
export const roleNamed = (name: string): Role | undefined => {
  const part = splitPartOf(name);
  return part === undefined ? undefined : ROLE_OF[part];
};

/** What the folders of splits around pictures mean for them. */
export interface Splits {
  /** There where catalogue, train and test are: then they fix the roles. Undefined for a picture in none of them. */
  readonly roleOf?: (path: string) => Role | undefined;
  readonly layout: readonly LayoutNote[];
}

/** The folder of a split that a path lies in: the outermost that is called so. */
const splitFolder = (path: string): string | undefined =>
  path
    .split('/')
    .slice(0, -1)
    .find((name) => splitPartOf(name) !== undefined);

/**
 * As of a folder of pictures: catalogue, train and test side by side fix the roles; other splits are put together, and the pictures
 * are split anew.
 */
export function splitsOf(paths: readonly string[]): Splits {
  const names = new Set<string>();
  for (const path of paths) {
    const name = splitFolder(path);
    if (name !== undefined) names.add(name);
  }
  const roles = new Set([...names].map(roleNamed));
  if (roles.has('catalogue') && roles.has('train') && roles.has('test')) {
    const roleOf = (path: string): Role | undefined => {
      const name = splitFolder(path);
      return name === undefined ? undefined : roleNamed(name);
    };
    return { roleOf, layout: [] };
  }
  if (names.size < 2) return { layout: [] };
  return {
    layout: [
      {
        message: `the splits ${listed([...names].sort())} are put together, and the pictures are split anew (to fix the roles, name the folders catalogue, train, validation and test)`,
      },
    ],
  };
}
