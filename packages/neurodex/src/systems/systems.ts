import { NeurodexError } from '@neurodex/core';
import type { Query, QueryKind } from '../query/query.ts';
import { SYSTEM_NAMES, type SystemName } from '../query/system.ts';
import { bovw } from './bovw.ts';
import type { SystemDeclaration } from './declaration.ts';
import { dsi } from './dsi.ts';
import { encoder } from './encoder.ts';
import { pixels } from './pixels.ts';

/** Every system; one that is missing does not compile. */
export const SYSTEMS: { readonly [Name in SystemName]: SystemDeclaration } = { dsi, bovw, pixels, encoder };

/** The systems that take a kind of query. */
export const systemsFor = (kind: QueryKind): readonly SystemName[] =>
  SYSTEM_NAMES.filter((name) => SYSTEMS[name].accepts.includes(kind));

/** @throws NeurodexError `query-unsupported` naming the systems that take such queries */
export function refuseUnaccepted(name: SystemName, queries: readonly Pick<Query, 'kind'>[]): void {
  const refused = queries.find(({ kind }) => !SYSTEMS[name].accepts.includes(kind));
  if (refused === undefined) return;
  const others = systemsFor(refused.kind);
  throw new NeurodexError('query-unsupported', `${name} takes no query of the kind ${refused.kind}`, {
    hint: others.length === 0 ? 'no system takes such queries' : `ask one that does: ${others.join(', ')}`,
    details: { system: name, kind: refused.kind, systems: others },
  });
}
