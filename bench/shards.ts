import { resolve } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import { findRedis, MISSING_REDIS } from '../packages/neurodex/src/shards/drivers/queue-servers.fixture.ts';
import { hasHaproxy } from '../tests/replicas.fixture.ts';
import { type Benchmark, type BenchmarkContext, ratio, type Side } from './benchmark.ts';
import { fashionMissing } from './fashion-files.ts';
import { processesMissing } from './processes.ts';
import { RESTARTS, ShardsParts, type ShardsSettings, SMALL } from './shards-parts.ts';
import { type Found, targetsOf } from './shards-targets.ts';
import { stopWithChildren } from './stopping.ts';

const PARTS = ['work', 'quality', 'replicas', 'redis'] as const;
type Part = (typeof PARTS)[number];

const ASKED = 4;
const MISSING_HAPROXY = 'no haproxy (on Debian: apt-get install haproxy)';

export const benchmark: Benchmark = {
  name: 'shards',
  description: 'an index in shards: workers, a queue and a store that fail, the router, quality and time, replicas',
  flags: {
    pictures: { type: 'string', default: '20000' },
    shards: { type: 'string', default: '16' },
    sample: { type: 'string', default: '5000' },
    steps: { type: 'string', default: '1500' },
    kills: { type: 'string', default: '20' },
    outage: { type: 'string', default: '60' },
    reference: { type: 'string', default: '10000' },
    single: { type: 'string' },
    only: { type: 'string' },
    out: { type: 'string', default: 'runs/shards' },
  },
  async run({ flags, machine, log }) {
    const settings = settingsOf(flags);
    const redis = findRedis({ PATH: process.env.PATH });
    const missing = missingParts(partsOf(flags.only), redis);
    stopWithChildren();
    const parts = new ShardsParts(settings, machine, log);
    const measure = async <T>(part: Part, work: () => Promise<T>): Promise<T | undefined> =>
      missing[part] === undefined ? await work() : undefined;
    const found: Found = {
      work: await measure('work', () => parts.work()),
      redis: await measure('redis', () => parts.redis(redis ?? '')),
      quality: await measure('quality', () => parts.quality()),
      replicas: await measure('replicas', () => parts.replicas()),
    };
    const isPlanned = found.work !== undefined || found.redis !== undefined || found.quality !== undefined;
    const { alone, together } = found.work ?? {};
    return {
      sides: {
        ...(isPlanned ? { plan: { ...(await parts.plan()) } } : {}),
        ...Object.fromEntries(PARTS.map((part) => [part, sideOf(found[part], missing[part])])),
      },
      ratios: { 'seconds alone / by two workers': ratio(alone?.seconds, together?.seconds) },
      targets: targetsOf(found, {
        ...{ asked: ASKED, shards: settings.shards, reference: settings.reference, small: SMALL },
        ...{ kills: settings.kills, outage: settings.outage, restarts: RESTARTS },
      }),
    };
  },
};

function settingsOf(flags: BenchmarkContext['flags']): ShardsSettings {
  const number = (name: string): number => {
    const value = Number(flags[name]);
    if (Number.isInteger(value) && value >= 0) return value;
    throw new NeurodexError('usage', `--${name} is ${String(flags[name])}, not a whole number`);
  };
  return {
    ...{ pictures: number('pictures'), shards: number('shards'), sample: number('sample'), steps: number('steps') },
    ...{ kills: number('kills'), outage: number('outage'), reference: number('reference') },
    ...{ single: typeof flags.single === 'string' ? flags.single : undefined, asked: ASKED },
    out: resolve(String(flags.out)),
  };
}

/** @throws NeurodexError `usage` */
function partsOf(only: unknown): readonly string[] {
  if (typeof only !== 'string') return PARTS;
  const named = only.split(',');
  const unknown = named.find((name) => !PARTS.some((part) => part === name));
  if (unknown === undefined) return named;
  throw new NeurodexError('usage', `the benchmark shards has no part ${JSON.stringify(unknown)}`, {
    hint: `name some of ${PARTS.join(', ')}, separated by commas`,
  });
}

/** Why parts cannot be measured here, or are not. */
function missingParts(parts: readonly string[], redis: string | undefined): Partial<Record<Part, string>> {
  const needs: Readonly<Record<Part, string | undefined>> = {
    work: processesMissing(),
    redis: processesMissing() ?? (redis === undefined ? MISSING_REDIS : undefined),
    quality: undefined,
    replicas: hasHaproxy({}) ? undefined : MISSING_HAPROXY,
  };
  const reasons = PARTS.flatMap((part): [Part, string][] => {
    const reason = parts.includes(part) ? (fashionMissing() ?? needs[part]) : 'left out by --only';
    return reason === undefined ? [] : [[part, reason]];
  });
  return Object.fromEntries(reasons);
}

const sideOf = (found: object | undefined, missing = 'not measured'): Side =>
  found === undefined ? { missing } : { ...found };
