import { describe, expect, it } from 'vitest';
import { kubernetesManifest } from './kubernetes.ts';

const PLAN = 'ab'.repeat(32);
const options = { place: 's3://indexes/photos', plan: PLAN, shards: 16 };

/** Kubernetes' own schema judges it in interop/check_kubernetes.py. */
describe('jobs for Kubernetes', () => {
  it('make each shard once, by its index, and the router', () => {
    const { items } = kubernetesManifest({
      ...options,
      image: 'registry/neurodex:1',
      namespace: 'search',
      parallelism: 4,
    });
    expect(items).toMatchObject([
      {
        metadata: { name: 'neurodex-abababababab-shards', namespace: 'search' },
        spec: {
          ...{ completionMode: 'Indexed', completions: 16, parallelism: 4, backoffLimitPerIndex: 3 },
          template: {
            spec: {
              restartPolicy: 'Never',
              containers: [
                { image: 'registry/neurodex:1', command: ['neurodex', 'shards', 'train', 's3://indexes/photos'] },
              ],
            },
          },
        },
      },
      {
        metadata: { name: 'neurodex-abababababab-router', namespace: 'search' },
        spec: {
          template: {
            spec: {
              restartPolicy: 'OnFailure',
              containers: [{ command: ['neurodex', 'shards', 'train', 's3://indexes/photos', 'router'] }],
            },
          },
        },
      },
    ]);
  });

  it('run as nobody in particular, write only to a folder that goes with them, and hold no secret', () => {
    for (const item of kubernetesManifest(options).items) {
      expect(item).toMatchObject({
        spec: {
          template: {
            spec: {
              securityContext: { runAsNonRoot: true },
              containers: [
                {
                  securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
                  envFrom: [{ secretRef: { name: 'neurodex-store' } }],
                  volumeMounts: [{ name: 'scratch', mountPath: '/tmp' }],
                },
              ],
              volumes: [{ name: 'scratch', emptyDir: {} }],
            },
          },
        },
      });
      expect(item).not.toHaveProperty('metadata.namespace');
    }
  });

  it('are no more at a time than there are shards, and none for a folder of one machine', () => {
    expect(kubernetesManifest({ ...options, parallelism: 99 }).items[0]).toHaveProperty('spec.parallelism', 16);
    expect(() => kubernetesManifest({ ...options, place: '/photos' })).toThrow('is a folder');
  });
});
