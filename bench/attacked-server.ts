import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { ask, headOf, type Target } from './attack-client.ts';
import type { Files } from './attack-uploads.ts';

/** The server that is attacked, and how it is watched. */

const PROGRAM = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));

export interface Server extends Target {
  readonly pid: number;
  /** Lines that it wrote beside its address. */
  readonly said: readonly string[];
  /** Undefined while it runs. */
  ended(): number | string | undefined;
  stop(): Promise<void>;
}

/** `neurodex serve` as a user starts it, in a process of its own. */
export async function start(index: string): Promise<Server> {
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
export async function memoryOf(pid: number): Promise<{ now: number | null; most: number | null }> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const mebibytes = (name: string): number | null => {
    const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text) ?? [];
    return kibibytes === undefined ? null : Number(kibibytes) / 1024;
  };
  return { now: mebibytes('VmRSS'), most: mebibytes('VmHWM') };
}

/** An answer to a search, or a refusal. */
const answered = z.object({
  results: z.array(z.object({ answers: z.array(z.object({ picture: z.unknown() })) })).optional(),
});

/** The answers to some pictures, without the times that they took. */
export async function answersOf(server: Server, { pictures }: Files): Promise<string> {
  const all: unknown[] = [];
  for (const { type, bytes } of pictures) {
    const head = headOf('POST', '/v1/search?k=20', { 'Content-Type': type, 'Content-Length': bytes.length });
    const { status, body } = await ask(server, { head, body: [bytes] });
    const { results } = answered.parse(JSON.parse(body.toString()));
    all.push([status, results?.map(({ answers }) => answers.map(({ picture }) => picture))]);
  }
  return JSON.stringify(all);
}

/** Asks once a second, as a load balancer does, whether the server is there. */
export class Probe {
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
