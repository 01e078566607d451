import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('./decoding-child.ts', import.meta.url));

/** Pictures that are decoded and searched with together: the best of these counts. */
export const DECODING_BATCHES = [8, 16, 32] as const;

/** What a process is asked to do. */
export interface DecodingTurn {
  readonly batch: number;
  readonly seconds: number;
}

/** What it did. */
export interface DecodingReply {
  /** Queries per second. */
  readonly rate: number;
  readonly queries: number;
  readonly processorSeconds: number;
}

export interface DecodingSettings {
  readonly processes: number;
  /** Of ONNX Runtime in each process. */
  readonly threads: number;
  /** Whether threads that have nothing to do look for work all the time. */
  readonly spinning: boolean;
}

/** Processes that decode and search without HTTP, each with its own share of the pictures. */
export interface DecodingProcesses {
  /** All at once. */
  turn(turn: DecodingTurn): Promise<DecodingReply>;
  stop(): void;
}

/** Resolves with the next message of a process. */
const hear = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    const ended = (status: number | null): void => reject(new Error(`a process that decodes ended with ${status}`));
    child.once('exit', ended);
    child.once('message', (message: T) => {
      child.off('exit', ended);
      resolve(message);
    });
  });

/** @param folder of the index */
export async function startDecoding(
  folder: string,
  { processes, threads, spinning }: DecodingSettings,
): Promise<DecodingProcesses> {
  const children = Array.from({ length: processes }, (_, share) =>
    fork(CHILD, [folder, `${share}`, `${processes}`, `${threads}`, spinning ? 'spinning' : 'sleeping'], {
      execArgv: ['--import', 'tsx'],
      // What is printed belongs to no JSON.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    }),
  );
  const stop = (): void => {
    for (const child of children) child.kill();
  };
  try {
    await Promise.all(children.map((child) => hear<'ready'>(child)));
  } catch (error) {
    stop();
    throw error;
  }
  return {
    async turn(turn) {
      const replies = await Promise.all(
        children.map((child) => {
          const answered = hear<DecodingReply>(child);
          child.send(turn);
          return answered;
        }),
      );
      const sum = (of: (reply: DecodingReply) => number): number =>
        replies.reduce((before, reply) => before + of(reply), 0);
      return {
        rate: sum(({ rate }) => rate),
        queries: sum(({ queries }) => queries),
        processorSeconds: sum(({ processorSeconds }) => processorSeconds),
      };
    },
    stop,
  };
}
