/** What a request to the store says of a task: it looks whether its shard is there, writes its checkpoint, or commits it. */
export type StepKind = 'begin' | 'checkpoint' | 'commit';

export interface Step {
  readonly kind: StepKind;
  readonly shard: number;
  /** The process that does the task, and the seconds of processor time that it has used so far. */
  readonly pid: number;
  readonly cpuSeconds: number;
}

/** Of a request; undefined for one that is of no record of a shard. */
export function stepOf(method: string, path: string): Pick<Step, 'kind' | 'shard'> | undefined {
  const [, folder, digits] = /\/(shards|checkpoints)\/(\d+)\.json(?:\?|$)/.exec(path) ?? [];
  const shard = Number(digits);
  if (folder === 'shards' && method === 'GET') return { kind: 'begin', shard };
  if (folder === 'shards' && method === 'PUT') return { kind: 'commit', shard };
  if (folder === 'checkpoints' && method === 'PUT') return { kind: 'checkpoint', shard };
  return undefined;
}

/**
 * The steps of all tasks of a run. What a killed worker has done since the last of them is lost. It is measured in processor time of
 * that process: a worker that waits for a store, a queue or a core does no work that could be lost.
 */
export class StepLog {
  /** The last step of each process. */
  private readonly last = new Map<number, Step>();
  private readonly shards = new Set<number>();
  private longest = 0;

  add(step: Step): void {
    const before = this.last.get(step.pid);
    // A router looks at every shard: that is one `begin` behind the other.
    if (before?.shard === step.shard && step.kind !== 'begin')
      this.longest = Math.max(this.longest, step.cpuSeconds - before.cpuSeconds);
    if (step.kind === 'commit') this.shards.add(step.shard);
    this.last.set(step.pid, step);
  }

  /** Shards that were committed. */
  get committed(): number {
    return this.shards.size;
  }

  /** The most processor time between two steps of one shard: the checkpoint interval. */
  get longestInterval(): number {
    return this.longest;
  }

  /** Whether a process is in the middle of a task. */
  isWorking(pid: number): boolean {
    const kind = this.last.get(pid)?.kind;
    return kind === 'begin' || kind === 'checkpoint';
  }

  /** Processor time since the last step of a process; none where it is in no task. */
  since(pid: number, cpuSeconds: number): number {
    const before = this.last.get(pid);
    return before === undefined || before.kind === 'commit' ? 0 : cpuSeconds - before.cpuSeconds;
  }
}
