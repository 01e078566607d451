import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '@neurodex/autograd';
import { nodeRuntime } from '@neurodex/autograd/node';
import { kMeans } from '../packages/neurodex/src/clustering/kmeans.ts';
import { findKeypoints } from '../packages/neurodex/src/jobs/keypoints.ts';
import { DESCRIPTOR_LENGTH } from '../packages/neurodex/src/models/bovw/parameters.ts';
import { pointsOf } from '../packages/neurodex/src/models/bovw/vocabulary.ts';

/** Keypoints of the SIFT fixtures, and clusterings of their descriptors, for check_bovw.py: `tsx write_bovw.ts FOLDER`. */
const PICTURES = ['china', 'flower', 'noise'];
const CLUSTERS = 30;
const RESTARTS = 5;
const SEEDS = 5;

const [, , folder = ''] = process.argv;
mkdirSync(folder, { recursive: true });
const keypoints: Record<string, Awaited<ReturnType<typeof findKeypoints>>> = {};
for (const name of PICTURES) {
  const file = fileURLToPath(new URL(`../packages/neurodex/src/models/bovw/fixtures/${name}.png`, import.meta.url));
  keypoints[file] = await findKeypoints({ file });
}
writeFileSync(join(folder, 'keypoints.json'), JSON.stringify(keypoints));

const descriptors = Uint8Array.from(
  Object.values(keypoints).flatMap((found) => found.flatMap(({ descriptor }) => descriptor)),
);
writeFileSync(join(folder, 'descriptors.u8'), descriptors);
const inertias: number[] = [];
for (let seed = 0; seed < SEEDS; seed++) {
  const { inertia } = await kMeans(pointsOf(descriptors, false), {
    runtime: nodeRuntime(),
    dimensions: DESCRIPTOR_LENGTH,
    clusters: CLUSTERS,
    restarts: RESTARTS,
    random: Random.seeded(seed),
  });
  inertias.push(inertia);
}
writeFileSync(join(folder, 'kmeans.json'), JSON.stringify({ clusters: CLUSTERS, restarts: RESTARTS, inertias }));
