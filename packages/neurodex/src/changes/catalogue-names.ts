import { defined } from '@neurodex/core';
import type { CatalogueManifest } from '../artifact/catalogue-manifest.ts';
import { identifiersIn } from '../identifiers/clusters.ts';
import { clusterName, clusterPath, semantic } from '../identifiers/semantic.ts';
import { ClusterTree } from './cluster-tree.ts';

/** A catalogue picture as its names are kept. */
interface Named {
  readonly id: number;
  /** float32 [D]; empty where the index has no network. */
  readonly state: Float32Array;
}

/** The clusters of a catalogue while pictures come and go, and the identifiers that follow from them. */
export class CatalogueNames {
  private readonly rules: NonNullable<CatalogueManifest['clusters']>;
  private readonly width: number;
  private readonly tree: ClusterTree;
  /** By the name of the cluster; pictures in the order of their ids. */
  private readonly members = new Map<string, Named[]>();

  /** @param width D; 0 where pictures have no states */
  constructor(rules: NonNullable<CatalogueManifest['clusters']>, width: number) {
    this.rules = rules;
    this.width = width;
    this.tree = new ClusterTree(width);
  }

  /** A picture whose cluster is known. Ids rise. */
  add(id: number, cluster: string, state: Float32Array): void {
    this.tree.add(this.path(cluster), state);
    const members = this.members.get(cluster);
    if (members === undefined) this.members.set(cluster, [{ id, state }]);
    else members.push({ id, state });
  }

  /** A new picture. @returns the cluster that it belongs to */
  place(id: number, state: Float32Array): string {
    const cluster = clusterName(this.tree.place(state));
    this.add(id, cluster, state);
    return cluster;
  }

  remove(id: number, cluster: string): void {
    const members = this.members.get(cluster) ?? [];
    const at = members.findIndex((each) => each.id === id);
    const picture = defined(members[at], 'a picture of a cluster');
    this.tree.remove(this.path(cluster), picture.state);
    members.splice(at, 1);
    if (members.length === 0) this.members.delete(cluster);
  }

  /**
   * The identifiers of the pictures of some clusters, by their ids. With `zeroPadding` they depend on each other: then those of
   * all pictures.
   */
  async identifiers(clusters: ReadonlySet<string>): Promise<Map<number, string>> {
    const { rules } = this;
    const width = this.width;
    const wanted = rules.zeroPadding ? [...this.members.keys()] : [...clusters];
    const pictures = wanted.flatMap((cluster) =>
      (this.members.get(cluster) ?? []).map((picture) => ({ ...picture, path: this.path(cluster) })),
    );
    const vectors = {
      length: Math.max(1, width),
      of(places: readonly number[]) {
        if (width === 0) return Float32Array.from(places, (place) => pictures[place]?.id ?? NaN);
        const values = new Float32Array(places.length * width);
        for (const [i, place] of places.entries()) {
          values.set(defined(pictures[place], 'a picture of a cluster').state, i * width);
        }
        return values;
      },
    };
    const paths = await identifiersIn(
      pictures.map(({ path }) => path),
      vectors,
      rules,
    );
    const { fromTokens } = semantic(rules.branching);
    return new Map(pictures.map(({ id }, i) => [id, fromTokens(paths[i] ?? [])]));
  }

  private path(cluster: string): readonly number[] {
    return clusterPath(cluster, this.rules.branching) ?? [];
  }
}
