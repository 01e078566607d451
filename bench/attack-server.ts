import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Random } from '@neurodex/autograd';
import { ask, type Bytes, headOf, Tally, type Target } from './attack-client.ts';
import { hostileForm } from './attack-forms.ts';
import { Stalls } from './attack-stalls.ts';
import { type Files, makeFiles, upload } from './attack-uploads.ts';
import { atMost, type Benchmark } from './benchmark.ts';
import { randomIndex } from './random-index.ts';

const PROGRAM = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));
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
    const [uploads, forms, connections, seconds, catalogue] = [
      'uploads',
      'forms',
      'connections',
      'seconds',
      'catalogue',
    ].map((flag) => Number(flags[flag])) as [number, number, number, number, number];
    const folder = await mkdtemp(join(tmpdir(), 'neurodex-attack-'));
    try {
      const index = join(folder, 'random');
      await randomIndex(index, { catalogue, queries: 100, systems: ['dsi', 'pixels'] });
      return await attack(index, { uploads, forms, connections, seconds }, log);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

interface Server extends Target {
  readonly pid: number;
  /** Lines that it wrote beside its address. */
  readonly said: readonly string[];
  /** Undefined while it runs. */
  ended(): number | string | undefined;
  stop(): Promise<void>;
}

/** `neurodex serve` as a user starts it, in a process of its own. */
async function start(index: string): Promise<Server> {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, 'serve', index, '--port', '0'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let status: number | string | undefined;
  const exit = new Promise<void>((resolve) =>
    child.once('exit', (code, signal) => {
      status = code ?? signal ?? 0;
      resolve();
    }),
  );
  const said: string[] = [];
  if (child.stderr === null) throw new Error('the server has no standard error');
  const lines = createInterface(child.stderr);
  const address = await new Promise<URL>((resolve, reject) => {
    lines.on('line', (line) => {
      const [found] = /http:\/\/\S+/.exec(line) ?? [];
      if (found === undefined) said.push(line);
      else resolve(new URL(found));
    });
    void exit.then(() => reject(new Error(`the server did not start: ${said.join('; ')}`)));
  });
  return {
    host: address.hostname,
    port: Number(address.port),
    pid: child.pid ?? 0,
    said,
    ended: () => status,
    async stop() {
      child.kill('SIGTERM');
      await exit;
    },
  };
}

/** Resident memory of a process in MiB: now, and the most that it ever was; null where /proc is missing. */
async function memoryOf(pid: number): Promise<{ now: number | null; most: number | null }> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const mebibytes = (name: string): number | null => {
    const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text) ?? [];
    return kibibytes === undefined ? null : Number(kibibytes) / 1024;
  };
  return { now: mebibytes('VmRSS'), most: mebibytes('VmHWM') };
}

/** The answers to some pictures, without the times that they took. */
async function answersOf(server: Server, { pictures }: Files): Promise<string> {
  const all: unknown[] = [];
  for (const { type, bytes } of pictures) {
    const head = headOf('POST', '/v1/search?k=20', { 'Content-Type': type, 'Content-Length': bytes.length });
    const { status, body } = await ask(server, { head, body: [bytes] });
    const { results } = JSON.parse(body.toString()) as {
      results?: readonly { answers: readonly { picture: unknown }[] }[];
    };
    all.push([status, results?.map(({ answers }) => answers.map(({ picture }) => picture))]);
  }
  return JSON.stringify(all);
}

/** Asks once a second, as a load balancer does, whether the server is there. */
class Probe {
  readonly failures: string[] = [];
  asked = 0;
  slowest = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(server: Server) {
    this.timer = setInterval(() => void this.look(server), 1000);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async look(server: Server): Promise<void> {
    this.asked++;
    const { status, seconds } = await ask(server, { head: 'GET /healthz HTTP/1.0\r\n\r\n' });
    this.slowest = Math.max(this.slowest, seconds);
    if (status !== 200) this.failures.push(`${status ?? 'no answer'} after ${seconds.toFixed(1)} s`);
  }
}

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

async function attack(index: string, size: Size, log: (message: string) => void) {
  const { uploads, forms, connections, seconds } = size;
  const random = Random.seeded(15);
  const files = await makeFiles(random);
  const server = await start(index);
  try {
    const listening = (await memoryOf(server.pid)).now;
    const before = await answersOf(server, files);
    const warm = new Tally();
    const valid = { ...files, pictures: files.pictures };
    await paced(WARM_UP, 0, async (i) => {
      const { type, bytes } = valid.pictures[i % valid.pictures.length] as Files['pictures'][number];
      const head = headOf('POST', '/v1/search?k=5', { 'Content-Type': type, 'Content-Length': bytes.length });
      warm.add('warm-up', await ask(server, { head, body: [bytes] }));
    });
    const started = (await memoryOf(server.pid)).now;
    log(`the server listens with ${mebibytes(listening)} and works with ${mebibytes(started)}`);
    const tally = new Tally();
    const samples: number[] = [];
    const sampling = setInterval(async () => {
      const { now } = await memoryOf(server.pid);
      if (now !== null) samples.push(now);
      if (samples.length % 30 === 0) log(`${tally.total} answers; ${mebibytes(now)}`);
    }, 1000);
    const probe = new Probe(server);
    const stalls = new Stalls(server, connections);
    stalls.start();
    const attackSeconds = Math.max(0, seconds - REST);
    const { noise } = files;
    const nowhere = { head: headOf('POST', '/v1/nowhere', { 'Content-Length': noise.length }), body: [noise] };
    await Promise.all([
      paced(uploads, attackSeconds, async (i) => {
        const one = upload(random, files, i);
        tally.add(one.kind, await ask(server, one));
      }),
      paced(forms, attackSeconds, async (i) => {
        const one = hostileForm(random, files, i);
        tally.add(one.kind, await ask(server, one));
      }),
      ...BURSTS.map(async (share) => {
        await pause(1000 * attackSeconds * share);
        await burst(server, connections, nowhere, tally);
      }),
    ]);
    stalls.stop();
    probe.stop();
    await pause(1000 * Math.min(REST, seconds));
    clearInterval(sampling);
    const { now: after, most } = await memoryOf(server.pid);
    const same = server.ended() === undefined && (await answersOf(server, files)) === before;
    return outcome();

    function outcome() {
      const growth = after === null || started === null ? null : after / started;
      const held = Math.max(0, ...Object.values(stalls.longest));
      return {
        sides: {
          server: {
            ...size,
            statuses: tally.counts,
            wrong: tally.wrong.slice(0, 20),
            mebibytes: { listening, started, most, after, median: median(samples) },
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
  } finally {
    if (server.ended() === undefined) await server.stop();
  }
}

const mebibytes = (n: number | null): string => (n === null ? 'unknown memory' : `${Math.round(n)} MiB`);

const median = (numbers: readonly number[]): number | null =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? null;
