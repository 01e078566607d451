import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defined } from '@neurodex/core';
import { z } from 'zod';
import { killUnderLoad, startReplicas } from '../tests/replicas.fixture.ts';

export const CONNECTIONS = 64;
/** Before a replica is killed, and as many after it. */
const SECONDS = 20;
/** A request without an answer for so long has failed. */
const PATIENCE = 30_000;
const PICTURES = 200;

export const trafficSchema = z.object({
  connections: z.int(),
  requests: z.int(),
  /** Requests without an answer, or with another one than 200. */
  failed: z.int(),
  /** Of these, requests that were begun more than a second after the kill. */
  failedLate: z.int(),
  requestsPerSecond: z.number(),
});
export type ReplicaTraffic = z.infer<typeof trafficSchema>;

/** Searches through HAProxy, behind which one of two replicas is killed. @param pictures folder of test pictures */
export async function measureReplicas(index: string, pictures: string): Promise<ReplicaTraffic> {
  const names = (await readdir(pictures, { recursive: true })).filter((name) => name.endsWith('.png')).sort();
  const bodies: Uint8Array<ArrayBuffer>[] = [];
  for (const name of names.slice(0, PICTURES)) bodies.push(new Uint8Array(await readFile(join(pictures, name))));
  const replicas = await startReplicas(index);
  try {
    let next = 0;
    const request = async (): Promise<boolean> => {
      const response = await fetch(`${replicas.address}/v1/search?system=dsi&k=10`, {
        ...{ method: 'POST', body: defined(bodies[next++ % bodies.length], 'a picture') },
        ...{ headers: { 'content-type': 'image/png' }, signal: AbortSignal.timeout(PATIENCE) },
      });
      await response.arrayBuffer();
      return response.ok;
    };
    const traffic = await killUnderLoad(replicas, { connections: CONNECTIONS, seconds: SECONDS, request });
    return { connections: CONNECTIONS, ...traffic, requestsPerSecond: traffic.requests / (2 * SECONDS) };
  } finally {
    await replicas.stop();
  }
}
