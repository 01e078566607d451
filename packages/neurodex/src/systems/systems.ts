import { NeurodexError } from '@neurodex/core';
import type { IndexManifest } from '../artifact/manifest.ts';
import type { Query, QueryKind } from '../query/query.ts';
import { SYSTEM_NAMES, type SystemName } from '../query/system.ts';
import { bm25 } from './bm25.ts';
import { bovw } from './bovw.ts';
import type { SystemDeclaration } from './declaration.ts';
import { dsi } from './dsi.ts';
import { encoder } from './encoder.ts';
import { pixels } from './pixels.ts';

/** Every system; one that is missing does not compile. */
export const SYSTEMS: { readonly [Name in SystemName]: SystemDeclaration } = { dsi, bovw, pixels, encoder, bm25 };

/** Whether an index has a system: it lists it, or every index has it. */
export const hasSystem = (name: SystemName, { systems }: Pick<IndexManifest, 'systems'>): boolean =>
  SYSTEMS[name].isImplied === true || systems.includes(name);

/** The systems of an index that take a kind of query. */
export const systemsFor = (kind: QueryKind, manifest: Pick<IndexManifest, 'systems' | 'text'>): readonly SystemName[] =>
  SYSTEM_NAMES.filter((name) => hasSystem(name, manifest) && SYSTEMS[name].accepts(manifest).includes(kind));

/** @throws NeurodexError `query-unsupported` naming the systems of the index that take such queries */
export function refuseUnaccepted(
  name: SystemName,
  queries: readonly Pick<Query, 'kind'>[],
  manifest: Pick<IndexManifest, 'systems' | 'text'>,
): void {
  const accepted = SYSTEMS[name].accepts(manifest);
  const refused = queries.find(({ kind }) => !accepted.includes(kind));
  if (refused === undefined) return;
  const { kind } = refused;
  const others = systemsFor(kind, manifest);
  const what =
    others.length > 0 ? `${name} takes no ${KINDS_IN_WORDS[kind]}` : `no system takes ${KINDS_IN_WORDS[kind]}`;
  throw new NeurodexError('query-unsupported', `${what} in this index`, {
    hint:
      others.length > 0
        ? `ask a system that does: ${others.join(', ')}`
        : 'build it again with the preset default, from pictures that have captions, labels or names that say something',
    details: { system: name, kind, systems: others },
  });
}

const KINDS_IN_WORDS: Readonly<Record<QueryKind, string>> = {
  picture: 'pictures',
  text: 'text',
  composed: 'pictures and text together',
};
