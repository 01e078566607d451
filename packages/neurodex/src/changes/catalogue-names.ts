import { defined } from '@neurodex/core';
import type { CatalogueManifest } from '../artifact/catalogue-manifest.ts';
import { type ClusterVectors, identifiersIn } from '../identifiers/clusters.ts';
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
  /** Where zeros are put behind identifiers: the longest of each cluster without them, and of all. */
  private readonly lengths = new Map<string, number>();
  private longest = 0;

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

  /** To be called once, when all pictures that are there have been added. */
  async begin(): Promise<void> {
    if (this.rules.zeroPadding) await this.measured([...this.members.keys()]);
    this.longest = this.longestNow();
  }

  /**
   * The identifiers of the pictures of some clusters, by their ids; those of all pictures where zeros are to be put behind them and
   * the longest one has another length now.
   */
  async identifiers(clusters: ReadonlySet<string>): Promise<Map<number, string>> {
    let named = await this.measured([...clusters]);
    const longest = this.longestNow();
    if (longest !== this.longest) named = await this.measured([...this.members.keys()]);
    this.longest = longest;
    const { fromTokens } = semantic(this.rules.branching);
    return new Map(
      named.map(({ id, path }) => [
        id,
        fromTokens([...path, ...Array<number>(Math.max(0, longest - path.length)).fill(0)]),
      ]),
    );
  }

  /** The longest path of all pictures, where zeros are put behind the others; else 0. */
  private longestNow(): number {
    let longest = 0;
    for (const length of this.lengths.values()) longest = Math.max(longest, length);
    return longest;
  }

  /** Pictures of some clusters with the tokens of their identifiers, without zeros behind them. */
  private async measured(clusters: readonly string[]) {
    const pictures = clusters.flatMap((cluster) =>
      (this.members.get(cluster) ?? []).map((picture) => ({ ...picture, cluster })),
    );
    const vectors = this.vectorsOf(pictures);
    const paths = await identifiersIn(
      pictures.map(({ cluster }) => this.path(cluster)),
      vectors,
      { ...this.rules, zeroPadding: false },
      (tokens) => [...tokens],
    );
    if (this.rules.zeroPadding) {
      for (const cluster of clusters) this.lengths.delete(cluster);
      for (const [i, { cluster }] of pictures.entries()) {
        this.lengths.set(cluster, Math.max(this.lengths.get(cluster) ?? 0, paths[i]?.length ?? 0));
      }
    }
    return pictures.map(({ id }, i) => ({ id, path: paths[i] ?? [] }));
  }

  private vectorsOf(pictures: readonly Named[]): ClusterVectors {
    const width = this.width;
    return {
      length: Math.max(1, width),
      of(places) {
        if (width === 0) return Float32Array.from(places, (place) => pictures[place]?.id ?? NaN);
        const values = new Float32Array(places.length * width);
        for (const [i, place] of places.entries()) {
          values.set(defined(pictures[place], 'a picture of a cluster').state, i * width);
        }
        return values;
      },
    };
  }

  private path(cluster: string): readonly number[] {
    return clusterPath(cluster, this.rules.branching) ?? [];
  }
}
