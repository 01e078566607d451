import { connect, type Socket } from 'node:net';

/** What the attack on the server is made with: requests as bytes, on connections of their own, to one address of this machine. */

export interface Answer {
  /** Undefined where the connection ended without an answer. */
  readonly status: number | undefined;
  readonly head: string;
  readonly body: Buffer;
  readonly seconds: number;
}

export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface Bytes {
  readonly head: string;
  readonly body?: readonly Buffer[];
}

/** Seconds after which a request that has no answer is given up, and counted as that. */
const PATIENCE = 60;

/** Sends a request and reads until the server closes the connection, as its header asks for. */
export function ask({ host, port }: Target, { head, body = [] }: Bytes): Promise<Answer> {
  return new Promise((resolve) => {
    const started = performance.now();
    const chunks: Buffer[] = [];
    const socket = connect(port, host);
    socket.setTimeout(1000 * PATIENCE, () => socket.destroy());
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // Refused bodies are cut off: what counts is whether an answer came before.
    socket.on('error', () => {});
    socket.on('close', () => resolve({ ...parsed(Buffer.concat(chunks)), seconds: since(started) }));
    socket.write(head, 'latin1');
    void writeAll(socket, body);
  });
}

const since = (started: number): number => (performance.now() - started) / 1000;

async function writeAll(socket: Socket, body: readonly Buffer[]): Promise<void> {
  for (const part of body) {
    if (!socket.writable) return;
    if (socket.write(part)) continue;
    await new Promise<void>((resolve) => {
      const resume = (): void => {
        socket.off('drain', resume).off('close', resume);
        resolve();
      };
      socket.on('drain', resume).on('close', resume);
    });
  }
}

function parsed(answer: Buffer): Pick<Answer, 'status' | 'head' | 'body'> {
  const end = answer.indexOf('\r\n\r\n');
  const head = answer.subarray(0, Math.max(0, end)).toString('latin1');
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  // The status of a continued request is the one behind "100 Continue".
  const rest = answer.subarray(end + 4);
  if (status === '100') return parsed(rest);
  return { status: status === undefined ? undefined : Number(status), head, body: rest };
}

/** The head of a request, which asks for its connection to be closed behind the answer. */
export function headOf(method: string, path: string, headers: Readonly<Record<string, string | number>> = {}): string {
  const lines = Object.entries({ Host: '127.0.0.1', Connection: 'close', ...headers });
  return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** A body as `Transfer-Encoding: chunked` has it, in parts of at most so many bytes. */
export function chunked(body: Buffer, size: number): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size);
    out.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
  }
  out.push(Buffer.from('0\r\n\r\n'));
  return out;
}

/** Answers, counted by what was sent and what came back. */
export class Tally {
  readonly counts: Record<string, Record<string, number>> = {};
  /** What should never be: with the kind of request, and the beginning of the answer. */
  readonly wrong: string[] = [];

  add(kind: string, { status, body, head }: Pick<Answer, 'status' | 'body' | 'head'>): void {
    const key = String(status ?? 'no answer');
    this.counts[kind] = { ...this.counts[kind], [key]: (this.counts[kind]?.[key] ?? 0) + 1 };
    const isRefusal = status !== undefined && status >= 400;
    if (status !== undefined && status >= 500 && status !== 503) {
      this.wrong.push(`${kind}: ${status} ${body.toString('utf8', 0, 200)}`);
    } else if (isRefusal && !/"code":"[a-z-]+"/.test(body.toString('latin1'))) {
      this.wrong.push(`${kind}: ${status} without a code: ${head.slice(0, 100)}`);
    } else if (status === 503 && !/^retry-after:/im.test(head)) {
      this.wrong.push(`${kind}: 503 without Retry-After`);
    }
  }

  /** Answers with that status, of all kinds. */
  of(status: string): number {
    return Object.values(this.counts).reduce((sum, counts) => sum + (counts[status] ?? 0), 0);
  }

  get total(): number {
    return Object.values(this.counts)
      .flatMap((counts) => Object.values(counts))
      .reduce((sum, count) => sum + count, 0);
  }
}
