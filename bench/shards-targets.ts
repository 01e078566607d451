import { availableParallelism } from 'node:os';
import { atLeast, atMost, ratio, type Target } from './benchmark.ts';
import type { DisturbedRun } from './shards-disturbed.ts';
import type { Quality, QueryTimes, ShardedQuality } from './shards-quality.ts';
import type { ReplicaTraffic } from './shards-replicas.ts';
import { differing } from './shards-store.ts';
import type { Alone, Ran } from './shards-work.ts';

/** What parts of the benchmark found; a part that was left out, or for which something is missing, is not there. */
export interface Found {
  readonly work?: { readonly alone: Alone; readonly together: Ran; readonly killed: Ran } | undefined;
  readonly redis?: { readonly undisturbed: DisturbedRun; readonly disturbed: DisturbedRun } | undefined;
  readonly quality?: FoundQuality | undefined;
  readonly replicas?: ReplicaTraffic | undefined;
}

export interface FoundQuality {
  readonly sharded: ShardedQuality;
  /** Of all pictures. */
  readonly single: Quality;
  /** Of fewer pictures, which a larger index is compared with. */
  readonly reference: Quality;
  readonly milliseconds: QueryTimes;
}

export interface Sizes {
  readonly asked: number;
  readonly shards: number;
  readonly reference: number;
  /** Pictures of an index where a query takes the time of the network alone. */
  readonly small: number;
  readonly kills: number;
  readonly restarts: number;
  readonly outage: number;
}

/** Every target; without a value where it was not measured. */
export const targetsOf = (found: Found, sizes: Sizes): Target[] => [
  ...workTargets(found),
  ...redisTargets(found, sizes),
  ...qualityTargets(found, sizes),
  ...replicaTargets(found),
];

function workTargets({ work }: Found): Target[] {
  const cores = availableParallelism();
  const [alone, together, killed] = [work?.alone, work?.together, work?.killed];
  return [
    atMost('records that differ between one worker and two', differingIn(alone, together), 0),
    atMost('records that differ after kills, with the local driver', differingIn(together, killed), 0),
    atLeast(
      `throughput of two workers on ${cores} cores / of one single-threaded worker`,
      ratio(alone?.seconds, together?.seconds),
      1.8,
    ),
  ];
}

function redisTargets({ redis, work }: Found, { kills, restarts, outage, shards }: Sizes): Target[] {
  const [disturbed, undisturbed] = [redis?.disturbed, redis?.undisturbed];
  return [
    // What was disturbed too little proves nothing.
    atLeast('disturbed: workers killed', disturbed?.kills ?? null, kills),
    atLeast('disturbed: times that Redis was restarted', disturbed?.restarts ?? null, restarts),
    atLeast('disturbed: seconds for which the store failed', disturbed?.outageSeconds ?? null, outage),
    atMost('disturbed: records that differ from an undisturbed run', differingIn(undisturbed, disturbed), 0),
    atMost('disturbed: records that differ from those of the local driver', differingIn(work?.together, disturbed), 0),
    atLeast('disturbed: records of shards and of the router', count(disturbed), shards + 1),
    atMost('disturbed: pictures left out', disturbed?.leftOut ?? null, 0),
    atMost('disturbed: objects that are missing or damaged', disturbed?.damaged ?? null, 0),
    // Of the same run: kills make the same work take more processor time.
    atMost(
      'disturbed: work lost by a kill at most / the longest checkpoint interval, in processor time',
      ratio(disturbed && Math.max(0, ...disturbed.lostCpuSeconds), disturbed?.checkpointCpuSeconds),
      1,
    ),
  ];
}

function qualityTargets({ quality }: Found, { asked, reference, small }: Sizes): Target[] {
  const [sharded, ms] = [quality?.sharded, quality?.milliseconds];
  const against = (name: 'P@10' | 'Success@10') => [
    atLeast(`${name} / that of a single index`, ratio(sharded?.[name], quality?.single[name]), 0.97),
    atLeast(
      `${name} / that of an index of ${reference} pictures`,
      ratio(sharded?.[name], quality?.reference[name]),
      0.9,
    ),
  ];
  return [
    atLeast(`queries whose best shard is among the ${asked} asked`, sharded?.routed ?? null, 0.95),
    ...against('P@10'),
    ...against('Success@10'),
    atMost(`milliseconds of a query, p50 / with ${small} pictures`, ratio(ms?.sharded, ms?.small), 3),
  ];
}

function replicaTargets({ replicas }: Found): Target[] {
  return [
    atMost('replicas: failed requests / all requests', ratio(replicas?.failed, replicas?.requests), 0.01),
    atMost('replicas: failed requests / connections', ratio(replicas?.failed, replicas?.connections), 1),
    atMost('replicas: failed requests that were begun after the kill', replicas?.failedLate ?? null, 0),
  ];
}

interface WithRecords {
  readonly records: Readonly<Record<string, string>>;
}

const differingIn = (a: WithRecords | undefined, b: WithRecords | undefined): number | null =>
  a === undefined || b === undefined ? null : differing(a.records, b.records).length;

const count = (run: WithRecords | undefined): number | null =>
  run === undefined ? null : Object.keys(run.records).length;
