import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { LINGER_BYTES, LINGER_SECONDS } from './limits.ts';

/**
 * An answer that is sent before the request's body has arrived. The whole answer goes out at once; its connection stays open while
 * what the client still sends is thrown away, for a short time and no more than so many bytes. Closed at once, the kernel would
 * reset the connection, and the client would lose the answer (RFC 9112 §9.6).
 */
export function lingering(answer: string | Uint8Array, request: IncomingMessage): Readable {
  const stream = new Readable({
    read() {},
    destroy(error, done) {
      settle();
      done(error);
    },
  });
  let thrown = 0;
  const settle = (): void => {
    clearTimeout(late);
    request.off('data', count).off('end', finish).off('error', finish).off('close', finish);
  };
  const finish = (): void => {
    settle();
    if (!stream.readableEnded) stream.push(null);
  };
  const count = (chunk: Buffer): void => {
    thrown += chunk.length;
    if (thrown > LINGER_BYTES) finish();
  };
  const late = setTimeout(finish, 1000 * LINGER_SECONDS);
  stream.push(answer);
  request.on('data', count).on('end', finish).on('error', finish).on('close', finish).resume();
  return stream;
}
