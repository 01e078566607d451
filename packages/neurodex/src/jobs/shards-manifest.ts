import { openStore } from '@neurodex/objects';
import { type KubernetesManifest, kubernetesManifest } from '../shards/kubernetes.ts';
import { readPlan } from '../shards/records.ts';
import type { PlaceOptions } from './shards.ts';

export interface ManifestOptions extends PlaceOptions {
  readonly image?: string | undefined;
  readonly namespace?: string | undefined;
  readonly parallelism?: number | undefined;
}

/** Jobs that make the shards of a place in Kubernetes. @throws NeurodexError `usage`, `shards-unplanned`, `index-*`, `store-*` */
export async function shardsManifest(options: ManifestOptions): Promise<KubernetesManifest> {
  const { place, image, namespace, parallelism, environment, reporter, signal } = options;
  const store = await openStore(place, { environment, reporter, ...(signal && { signal }) });
  const { digest, shards } = await readPlan(store);
  return kubernetesManifest({ place, plan: digest, shards: shards.length, image, namespace, parallelism });
}
