import { setTimeout } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { nodeRuntime } from '@neurodex/autograd/node';
import { defined, NeurodexError } from '@neurodex/core';
import { IndexWriter } from '../changes/index-writer.ts';
import { changeTogether } from './change-together.ts';
import { DECODE_SECONDS } from './limits.ts';
import type { WriteReply, WriteRequest, WriteThreadData } from './write-messages.ts';

/** A thread that changes one index: it holds the lock of the folder from its first request until it is closed. */
const port = defined(parentPort ?? undefined, 'the port of the thread');
const { folder, device, threads, maxPixels, lockSeconds }: WriteThreadData = workerData;
/** Milliseconds between two looks whether a lock was released. */
const LOCK_PAUSE = 100;
let writer: IndexWriter | undefined;

/** Waits for a process that changes the index at the moment. @throws NeurodexError */
async function openWriter(): Promise<IndexWriter> {
  const deadline = performance.now() + 1000 * lockSeconds;
  for (;;) {
    try {
      const limits = { maxPixels, seconds: DECODE_SECONDS };
      return await IndexWriter.open(folder, nodeRuntime({ device, threads, spinning: false }), { limits });
    } catch (error) {
      const isLocked = error instanceof NeurodexError && error.code === 'run-locked';
      if (!isLocked || performance.now() > deadline) throw error;
      await setTimeout(LOCK_PAUSE);
    }
  }
}

async function closeWriter(): Promise<void> {
  const opened = writer;
  writer = undefined;
  await opened?.close();
}

async function answer(request: WriteRequest): Promise<WriteReply> {
  if (request.kind === 'close') {
    await closeWriter();
    return { kind: 'closed' };
  }
  try {
    writer ??= await openWriter();
    const outcomes = await changeTogether(writer, request.requests);
    const { digest, created } = writer.manifest;
    return { kind: 'changed', outcomes, version: { digest, created, revision: writer.changes.revision } };
  } catch (thrown) {
    // A writer whose change failed half-way does not know what is on disk: the next one looks.
    await closeWriter();
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return {
      kind: 'failed',
      error: Object.assign(new Error(error.message), { stack: error.stack }),
      ...(error instanceof NeurodexError ? { code: error.code, details: error.details } : {}),
    };
  }
}

// One at a time: whoever asks waits for the answer.
port.on('message', async (request: WriteRequest) => {
  port.postMessage(await answer(request));
  if (request.kind === 'close') port.close();
});
