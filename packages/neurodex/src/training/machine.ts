import type { Batches } from './batches.ts';
import type { RowsOfFile } from './load-batch.ts';
import { BatchLoader, type LoadingThreads } from './loader.ts';

/** What training asks of where it runs: Node with its threads and files (`nodeMachine`), or a browser. */
export interface TrainingMachine {
  /** Bytes of memory that training may take. */
  memory(): number;
  /** Threads that load the pictures of batches; undefined where they are not worth starting. */
  threads(maker: Batches): LoadingThreads | undefined;
  /** For pixels that are in a file; undefined where there are no files. */
  readonly rowsOfFile: RowsOfFile | undefined;
}

/** So many batches of a maker, loaded as the machine can. */
export const loaderOn = (machine: TrainingMachine, maker: Batches, batches: number): BatchLoader =>
  new BatchLoader(maker, { batches, threads: machine.threads(maker), rowsOfFile: machine.rowsOfFile });
