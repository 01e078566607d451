import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Admission, type Held, tooLarge } from './admission.ts';
import { ApiError } from './api/problems.ts';
import type { Connections } from './connections.ts';
import type { Received } from './handler.ts';
import { BODY_IDLE_SECONDS, type Limits, SLOWEST } from './limits.ts';

export interface ReceiveOptions {
  /** Bytes that the body may have. */
  readonly most: number;
  /** Seconds that it may take, beside a second for every `SLOWEST` bytes that have arrived. */
  readonly seconds: number;
  /** Its memory, which the caller frees. */
  readonly held: Held;
}

/** Whether bytes of a body follow, or may follow, the header of a request. */
export const announcesBody = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

/** Whether a part of a request's body has not arrived yet. */
export const isIncomplete = (request: IncomingMessage): boolean => !request.complete && announcesBody(request);

/**
 * The body of a request, read no further than it may be.
 * @throws ApiError `body-too-large`, `busy`, `request-timeout`, `request-malformed` when the connection ends before the body does
 */
export function receive(request: IncomingMessage, { most, seconds, held }: ReceiveOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const started = performance.now();
    let [length, heard] = [0, started];
    const settle = (): void => {
      clearInterval(timer);
      request.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
    };
    const refuse = (error: unknown): void => {
      settle();
      chunks.length = 0;
      // What else arrives is no longer this function's: see `linger`.
      request.pause();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      heard = performance.now();
      length += chunk.length;
      try {
        if (length > most) throw tooLarge(most);
        held.add(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        refuse(error);
      }
    };
    const onEnd = (): void => {
      settle();
      const [first] = chunks;
      resolve(first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks, length));
    };
    const onBroken = (): void => refuse(new ApiError('request-malformed', 'the connection ended before the body did'));
    const look = (): void => {
      const now = performance.now();
      const allowed = 1000 * (seconds + length / SLOWEST);
      const idle = now - heard > 1000 * Math.min(BODY_IDLE_SECONDS, seconds);
      if (idle || now - started > allowed) refuse(tooSlowly());
    };
    const timer = setInterval(look, 250);
    request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}

const tooSlowly = (): ApiError =>
  new ApiError('request-timeout', 'the body arrives too slowly', { hint: 'send it again, over a faster connection' });

/** Lets the body of a search in, and then the search. */
export function receiver(
  admission: Admission,
  { bodyBytes, requestSeconds }: Pick<Limits, 'bodyBytes' | 'requestSeconds'>,
  connections: Connections,
): (request: IncomingMessage, response: ServerResponse, largest?: number) => Promise<Received> {
  return async (request, response, largest = bodyBytes) => {
    const most = Math.min(largest, bodyBytes);
    const { 'content-length': length, expect } = request.headers;
    admission.check(length === undefined ? undefined : Number(length), most);
    const exchange = connections.exchange(request);
    const held = admission.hold();
    exchange?.onEnd(held.free);
    try {
      let body: Buffer = Buffer.alloc(0);
      if (announcesBody(request)) {
        if (expect !== undefined) response.writeContinue();
        body = await receive(request, { most, seconds: requestSeconds, held });
      }
      const admitted = admission.enter();
      exchange?.onEnd(() => {
        admitted.gone = true;
        admitted.leave();
      });
      return {
        body,
        waiting: admitted,
        more({ searches, bytes }) {
          // What is taken now would be freed by nobody.
          if (admitted.gone) return;
          admitted.widen(searches);
          held.add(bytes);
        },
      };
    } catch (error) {
      held.free();
      throw error;
    }
  };
}
