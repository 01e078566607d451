import type { ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { z } from 'zod';

export interface ConnectionOptions {
  /** The file of this folder that the process runs. */
  readonly script: string;
  /** Told what the process prints for people. */
  readonly log: (line: string) => void;
  /** Milliseconds that the process may take to end when it is asked to. */
  readonly grace: number;
}

/** JSON lines to and from one child process, one question at a time. */
export class Connection {
  readonly #script: string;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #grace: number;
  readonly #answers: AsyncIterator<string>;
  readonly #exited: Promise<void>;
  readonly #killOnExit: () => void;
  /** The last lines of stderr, for the message when the process dies. */
  readonly #lastWords: string[] = [];
  #failure: Error | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(child: ChildProcessByStdio<Writable, Readable, Readable>, { script, log, grace }: ConnectionOptions) {
    this.#script = script;
    this.#child = child;
    this.#grace = grace;
    this.#killOnExit = () => void child.kill();
    process.on('exit', this.#killOnExit);
    this.#exited = new Promise((resolve) => {
      child.on('error', (error) => {
        this.#failure = error;
        resolve();
      });
      child.on('close', () => resolve());
    });
    // A process that died closes its pipe; the question then fails by its missing answer.
    child.stdin.on('error', () => {});
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#lastWords.push(line);
      if (this.#lastWords.length > 5) this.#lastWords.shift();
      log(line);
    });
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  ask<T>(question: object, schema: z.ZodType<T>): Promise<T> {
    const answer = this.#queue.then(() => {
      this.#child.stdin.write(`${JSON.stringify(question)}\n`);
      return this.receive(schema);
    });
    this.#queue = answer.catch(() => {});
    return answer;
  }

  async receive<T>(schema: z.ZodType<T>): Promise<T> {
    const line = await this.#answers.next();
    if (line.done) {
      await this.#exited;
      const how = this.#failure?.message ?? `it ended with ${this.#child.signalCode ?? this.#child.exitCode}`;
      throw new Error(['the PyTorch process gave no answer:', how, ...this.#lastWords].join('\n  '));
    }
    const answer = parse(line.value);
    if (typeof answer === 'object' && answer !== null && 'error' in answer) {
      throw new Error(`PyTorch: ${String(answer.error)}`);
    }
    const parsed = schema.safeParse(answer);
    if (!parsed.success) throw new Error(`not an answer of bench/${this.#script}: ${line.value.slice(0, 200)}`);
    return parsed.data;
  }

  /** The end of its input ends the process, and with it the compiler's helpers; one that is busy is killed. */
  async close(): Promise<void> {
    this.#child.stdin.end();
    const patience = setTimeout(() => void this.#child.kill('SIGKILL'), this.#grace);
    await this.#exited;
    clearTimeout(patience);
    process.off('exit', this.#killOnExit);
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
