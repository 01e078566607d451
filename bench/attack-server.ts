import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '@neurodex/autograd';
import { defined } from '@neurodex/core';
import { ask, type Bytes, headOf, Tally } from './attack-client.ts';
import { hostileForm } from './attack-forms.ts';
import { Stalls } from './attack-stalls.ts';
import { type Files, makeFiles, upload } from './attack-uploads.ts';
import { answersOf, memoryOf, Probe, type Server, start } from './attacked-server.ts';
import { atMost, type Benchmark, type Outcome } from './benchmark.ts';
import { randomIndex } from './random-index.ts';

/** Requests that are under way at one time, beside the connections that stall. */
const LANES = 32;
/** Searches that bring the server to its working size, before its memory is read. */
const WARM_UP = 400;
/** The parts of the time at which all connections are opened at once. */
const BURSTS = [0.1, 0.4, 0.7] as const;
/** Seconds without load at the end, before memory is read again. */
const REST = 15;

interface Size {
  readonly uploads: number;
  readonly forms: number;
  readonly connections: number;
  readonly seconds: number;
}

export const benchmark: Benchmark = {
  name: 'attack-server',
  description:
    'a server under hostile uploads, forms, connections and clients that stall: statuses, memory, answers after it',
  flags: {
    uploads: { type: 'string', default: '14000' },
    forms: { type: 'string', default: '2000' },
    connections: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '600' },
    catalogue: { type: 'string', default: '1000' },
  },
  async run({ flags, log }) {
    const number = (name: string): number => Number(flags[name]);
    const folder = await mkdtemp(join(tmpdir(), 'neurodex-attack-'));
    try {
      const index = join(folder, 'random');
      await randomIndex(index, { catalogue: number('catalogue'), queries: 100, systems: ['dsi', 'pixels'] });
      const size = {
        uploads: number('uploads'),
        forms: number('forms'),
        connections: number('connections'),
        seconds: number('seconds'),
      };
      return await attack(index, size, log);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** The i-th of so many begins when its share of the time is over, and no more than `LANES` are under way. */
async function paced(count: number, seconds: number, one: (i: number) => Promise<void>): Promise<void> {
  const started = performance.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) {
      const due = started + (1000 * seconds * i) / count;
      if (due > performance.now()) await pause(due - performance.now());
      await one(i);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** The largest body to an address that does not exist, on all connections at one time. */
const burst = async (server: Server, connections: number, bytes: Bytes, tally: Tally): Promise<void> => {
  const one = async (): Promise<void> => tally.add('of many at once', await ask(server, bytes));
  await Promise.all(Array.from({ length: connections }, one));
};

/** Before, during and after the attack. */
async function attack(index: string, size: Size, log: (message: string) => void): Promise<Outcome> {
  const random = Random.seeded(15);
  const files = await makeFiles(random);
  const server = await start(index);
  try {
    const listening = (await memoryOf(server.pid)).now;
    const before = await answersOf(server, files);
    await warmUp(server, files);
    const started = (await memoryOf(server.pid)).now;
    log(`the server listens with ${mebibytes(listening)} and works with ${mebibytes(started)}`);
    const seen = await underAttack(server, { files, random, size }, log);
    const { now: after, most } = await memoryOf(server.pid);
    const same = server.ended() === undefined && (await answersOf(server, files)) === before;
    const memory = { listening, started, most, after, median: median(seen.samples) };
    return outcomeOf(server, size, { ...seen, memory, same });
  } finally {
    if (server.ended() === undefined) await server.stop();
  }
}

async function warmUp(server: Server, { pictures }: Files): Promise<void> {
  await paced(WARM_UP, 0, async (i) => {
    const { type, bytes } = defined(pictures[i % pictures.length], 'a picture');
    const head = headOf('POST', '/v1/search?k=5', { 'Content-Type': type, 'Content-Length': bytes.length });
    await ask(server, { head, body: [bytes] });
  });
}

/** What is seen of a server while it is attacked. */
interface Seen {
  readonly tally: Tally;
  readonly probe: Probe;
  readonly stalls: Stalls;
  /** Resident MiB, second by second. */
  readonly samples: readonly number[];
}

/** Everything at one time, and a rest at the end, so that memory can be given back. */
async function underAttack(
  server: Server,
  { files, random, size }: { readonly files: Files; readonly random: Random; readonly size: Size },
  log: (message: string) => void,
): Promise<Seen> {
  const tally = new Tally();
  const samples: number[] = [];
  const sampling = setInterval(async () => {
    const { now } = await memoryOf(server.pid);
    if (now !== null) samples.push(now);
    if (samples.length % 30 === 0) log(`${tally.total} answers; ${mebibytes(now)}`);
  }, 1000);
  const probe = new Probe(server);
  const stalls = new Stalls(server, size.connections);
  stalls.start();
  const seconds = Math.max(0, size.seconds - REST);
  const { noise } = files;
  const nowhere = { head: headOf('POST', '/v1/nowhere', { 'Content-Length': noise.length }), body: [noise] };
  const sending = (count: number, make: typeof upload): Promise<void> =>
    paced(count, seconds, async (i) => {
      const one = make(random, files, i);
      tally.add(one.kind, await ask(server, one));
    });
  await Promise.all([
    sending(size.uploads, upload),
    sending(size.forms, hostileForm),
    ...BURSTS.map(async (share) => {
      await pause(1000 * seconds * share);
      await burst(server, size.connections, nowhere, tally);
    }),
  ]);
  stalls.stop();
  probe.stop();
  await pause(1000 * Math.min(REST, size.seconds));
  clearInterval(sampling);
  return { tally, probe, stalls, samples };
}

interface Found extends Seen {
  /** Resident MiB, where they are known. */
  readonly memory: Readonly<Record<'listening' | 'started' | 'most' | 'after' | 'median', number | null>>;
  /** The server is there, and answers as it did before. */
  readonly same: boolean;
}

function outcomeOf(server: Server, size: Size, { tally, probe, stalls, memory, same }: Found): Outcome {
  const growth = memory.after === null || memory.started === null ? null : memory.after / memory.started;
  const held = Math.max(0, ...Object.values(stalls.longest));
  return {
    sides: {
      server: {
        ...size,
        statuses: tally.counts,
        wrong: tally.wrong.slice(0, 20),
        mebibytes: memory,
        stalled: { closed: stalls.closed, longestSeconds: stalls.longest },
        probes: { asked: probe.asked, failed: probe.failures.slice(0, 20), slowestSeconds: probe.slowest },
        answersAreTheSame: same,
        warnings: server.said.slice(0, 20),
      },
    },
    ratios: { 'memory after / before': growth },
    targets: [
      atMost('statuses of 500 and refusals without a code', tally.wrong.length, 0),
      atMost('answers that changed, or a server that ended', same ? 0 : 1, 0),
      atMost('questions of a load balancer without an answer', probe.failures.length, 0),
      atMost('resident memory after the attack, of that before', growth, 1.2),
      atMost('seconds that a client that stalls was held', held, 90),
    ],
  };
}

const mebibytes = (n: number | null): string => (n === null ? 'unknown memory' : `${Math.round(n)} MiB`);

const median = (numbers: readonly number[]): number | null =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? null;
