import { NeurodexError, silentReporter } from '@neurodex/core';
import { type MeasuredIndex, measureIndex } from '../jobs/report.ts';
import { type Point, thinned } from '../report/curve-series.ts';
import type { MeasuredReport } from './api/schemas.ts';
import type { MeasureMessage, MeasureRequest } from './measure.ts';

/** A process that measures one index and ends (measure.ts). */

/** Points of a learning curve: more than a screen has pixels for it. */
const POINTS = 600;
/** Milliseconds between two reports of progress. */
const PAUSE = 200;

const send = (message: MeasureMessage): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, () => resolve());
  });

function reportOf(measured: MeasuredIndex): MeasuredReport {
  const { split, evaluation, level, tests, curves, confusion, balance, learning } = measured;
  const points = (series: readonly Point[]): Point[] => thinned(series, POINTS);
  // As JSON has it, for the types of the schemas are not readonly.
  return structuredClone({
    status: 'measured',
    split,
    evaluation,
    level,
    tests,
    curves,
    confusion,
    balance,
    learning: {
      loss: points(learning.loss),
      tokenAccuracy: points(learning.tokenAccuracy),
      validation: Object.fromEntries([...learning.validation].map(([name, series]) => [name, points(series)])),
      phases: learning.phases,
      lastStep: learning.lastStep,
    },
  }) as unknown as MeasuredReport;
}

async function measure({ folder, digest, device }: MeasureRequest): Promise<void> {
  let told = 0;
  const reporter = {
    ...silentReporter,
    progress({ done, total }: { done: number; total?: number }) {
      if (performance.now() - told < PAUSE) return;
      told = performance.now();
      void send({ kind: 'progress', done, total: total ?? 0 });
    },
  };
  try {
    await send({ kind: 'measured', report: reportOf(await measureIndex({ index: folder, digest, device, reporter })) });
  } catch (error) {
    await send({
      kind: 'failed',
      code: error instanceof NeurodexError ? error.code : undefined,
      message: error instanceof Error ? error.message : String(error),
    });
  }
  process.disconnect();
}

// Whoever asked is gone.
process.on('disconnect', () => process.exit());
process.on('message', (request: MeasureRequest) => void measure(request));
// A terminal's Ctrl-C is for the server, which ends this process when it does.
process.on('SIGINT', () => {});
