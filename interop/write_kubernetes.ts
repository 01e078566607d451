import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kubernetesManifest } from '../packages/neurodex/src/shards/kubernetes.ts';

/** Writes manifests of Kubernetes with few and with many options: `tsx write_kubernetes.ts FOLDER`. */
const [folder = '.'] = process.argv.slice(2);
const options = { place: 's3://indexes/photos', plan: '0123456789abcdef'.repeat(4), shards: 16 };
mkdirSync(folder, { recursive: true });
for (const [name, manifest] of Object.entries({
  least: kubernetesManifest(options),
  most: kubernetesManifest({ ...options, image: 'registry:5000/neurodex:1', namespace: 'search', parallelism: 4 }),
}))
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(manifest));
