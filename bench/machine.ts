import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

/** Where a benchmark ran. */
export interface Machine {
  readonly cpu: string;
  /** Cores that this process may use. */
  readonly cores: number;
  readonly memoryGiB: number;
  /** Operating system and processor family, as in 'linux x64'. */
  readonly platform: string;
  readonly node: string;
  /** Processes that wanted a core, averaged over the minute before the start; 0 on Windows, which does not say. */
  readonly loadBefore: number;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round((totalmem() / 2 ** 30) * 10) / 10,
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}
