import type { Random } from '@neurodex/autograd';
import type { Config } from '../config.ts';
import { type ClusterRules, identifiersIn } from '../identifiers/clusters.ts';
import type { SchemeOptions } from '../identifiers/scheme.ts';
import { schemeOf } from '../identifiers/schemes.ts';
import { clusterName, clustersOf } from '../identifiers/semantic.ts';

/** What the catalogue pictures are named by, one each, in the order given. */
export interface CatalogueNames {
  readonly identifiers: readonly string[];
  /** The clusters that identifiers follow from, where the network does not learn them by heart. */
  readonly clusters?: { readonly names: readonly string[]; readonly rules: ClusterRules };
}

/** The clusters of so many pictures by their vectors, and the identifiers that follow from them: of the plan `write`. */
export async function clusteredNames(
  count: number,
  { identifiers: { scheme, branching, leafSize, zeroPadding } }: Pick<Config, 'identifiers'>,
  options: SchemeOptions,
  random: Random,
): Promise<Required<CatalogueNames>> {
  const rules = { branching, leafSize, zeroPadding };
  const clusters = await clustersOf(count, branching, options, random);
  const { fromTokens } = schemeOf({ scheme, branching });
  const identifiers = await identifiersIn(clusters, undefined, rules, fromTokens);
  return { identifiers, clusters: { names: clusters.map(clusterName), rules } };
}
