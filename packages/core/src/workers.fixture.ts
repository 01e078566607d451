import { parentPort, workerData } from 'node:worker_threads';

/** A thread or process that tells what it was started with. It has types, which Node 20 does not read. */
const told: Readonly<Record<string, unknown>> = { data: workerData as unknown, flags: process.execArgv.length };
if (parentPort === null) process.send?.(told, () => process.disconnect());
else parentPort.postMessage(told);
