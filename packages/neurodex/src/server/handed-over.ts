import type { Worker } from 'node:cluster';
import { isRecord } from '@neurodex/core';

interface Handle {
  close(): void;
}

/**
 * Closes the connections that a worker was handed and has not taken when it ends. Node keeps them open without anybody to read them,
 * so that a client whose connection came while a process ended would wait for ever.
 */
export function closeWhatWasHandedOver(worker: Worker): void {
  const { process: child } = worker;
  const handed = new Map<unknown, Handle>();
  const send = child.send.bind(child) as (...sent: unknown[]) => boolean;
  child.send = (message: unknown, handle?: unknown, ...rest: unknown[]): boolean => {
    if (isRecord(message) && message.act === 'newconn' && isHandle(handle)) handed.set(message.seq, handle);
    return send(message, handle, ...rest);
  };
  child.on('internalMessage', ({ ack }: { ack?: unknown }) => handed.delete(ack));
  worker.once('exit', () => {
    for (const handle of handed.values()) handle.close();
    handed.clear();
  });
}

const isHandle = (handle: unknown): handle is Handle =>
  typeof handle === 'object' && handle !== null && 'close' in handle && typeof handle.close === 'function';
