import { NeurodexError } from '@neurodex/core';
import { VERSION } from '../version.ts';

export interface KubernetesOptions {
  /** `s3://bucket/prefix` */
  readonly place: string;
  /** Digest of the plan. */
  readonly plan: string;
  readonly shards: number;
  /** With `neurodex` as a command. */
  readonly image?: string | undefined;
  readonly namespace?: string | undefined;
  /** Shards at a time; all of them by default. */
  readonly parallelism?: number | undefined;
}

/** Kubernetes objects, as JSON. */
export interface KubernetesManifest {
  readonly apiVersion: 'v1';
  readonly kind: 'List';
  readonly items: readonly object[];
}

/** The secret whose entries are the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL … */
const SECRET = 'neurodex-store';
/** A user that no image needs to know. */
const USER = 65_532;
const SCRATCH = '/tmp';
/** Tries of one shard, after the first. */
const SHARD_RETRIES = 3;
/** Of a router whose shards are still being made: its container is started again every five minutes at last. */
const ROUTER_RETRIES = 10_000;
/** What the program ends with when it was asked for wrongly: trying again changes nothing. */
const USAGE_STATUS = 2;
const PLAN_DIGITS = 12;

/**
 * An Indexed Job that makes every shard, its index being the number of the shard, and a Job that makes the router, which fails and is
 * tried again until all shards are there.
 * @throws NeurodexError `usage` for a place that pods cannot reach
 */
export function kubernetesManifest(options: KubernetesOptions): KubernetesManifest {
  const { place, shards, parallelism = shards } = options;
  if (!/^s3:\/\//i.test(place)) {
    throw new NeurodexError('usage', `${place} is a folder, which the pods of a cluster do not share`, {
      hint: 'plan in s3://bucket/prefix',
      details: { place },
    });
  }
  const spec = {
    ...{ completionMode: 'Indexed', completions: shards, parallelism: Math.min(parallelism, shards) },
    ...{ backoffLimitPerIndex: SHARD_RETRIES, podFailurePolicy: FAILURES },
  };
  const train = ['neurodex', 'shards', 'train', place];
  const small = resourcesOf('1', '2Gi', '1Gi');
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      jobOf(options, 'shards', spec, podSpec(options, train, resourcesOf('2', '4Gi', '20Gi'), 'Never')),
      jobOf(
        options,
        'router',
        { backoffLimit: ROUTER_RETRIES },
        podSpec(options, [...train, 'router'], small, 'OnFailure'),
      ),
    ],
  };
}

/** A pod that is moved elsewhere costs no try; one that was asked for wrongly is not tried again. */
const FAILURES = {
  rules: [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    { action: 'FailIndex', onExitCodes: { containerName: 'neurodex', operator: 'In', values: [USAGE_STATUS] } },
  ],
};

function jobOf({ plan, namespace }: KubernetesOptions, part: string, spec: object, pod: object): object {
  const digits = plan.slice(0, PLAN_DIGITS);
  const labels = {
    'app.kubernetes.io/name': 'neurodex',
    'app.kubernetes.io/component': part,
    'app.kubernetes.io/instance': digits,
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: `neurodex-${digits}-${part}`, ...(namespace === undefined ? {} : { namespace }), labels },
    spec: { ...spec, template: { metadata: { labels }, spec: pod } },
  };
}

const resourcesOf = (cpu: string, memory: string, storage: string) => ({
  requests: { cpu, memory, 'ephemeral-storage': storage },
  limits: { memory, 'ephemeral-storage': storage },
});

function podSpec(
  { image = `neurodex:${VERSION}` }: KubernetesOptions,
  command: readonly string[],
  resources: object,
  restartPolicy: 'Never' | 'OnFailure',
): object {
  return {
    ...{ restartPolicy, automountServiceAccountToken: false },
    securityContext: {
      ...{ runAsNonRoot: true, runAsUser: USER, runAsGroup: USER, fsGroup: USER },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        ...{ name: 'neurodex', image, command, resources },
        envFrom: [{ secretRef: { name: SECRET } }],
        env: [
          { name: 'HOME', value: SCRATCH },
          { name: 'TMPDIR', value: SCRATCH },
          { name: 'NEURODEX_CACHE', value: `${SCRATCH}/cache` },
        ],
        securityContext: {
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [{ name: 'scratch', mountPath: SCRATCH }],
      },
    ],
    volumes: [{ name: 'scratch', emptyDir: {} }],
  };
}
