import type { Readable } from 'node:stream';

/** Bytes that wait to be taken before the sender is held back. */
const HELD_BACK_AT = 1 << 20;

/**
 * A body, piece by piece. Unlike the stream's own iterator it gives what came before a break, and then the error, so that
 * a download can go on from there. It listens from now on: a break before the first piece is taken is not lost.
 */
export function piecesOf(body: Readable, onError: (error: unknown) => Error): AsyncIterable<Uint8Array> {
  const queue: Uint8Array[] = [];
  let waiting = 0;
  let outcome: { readonly error?: Error } | undefined;
  let wake = (): void => {};
  const end = (result: { readonly error?: Error }): void => {
    outcome ??= result;
    wake();
  };
  body.on('data', (piece: Uint8Array) => {
    queue.push(piece);
    waiting += piece.length;
    if (waiting > HELD_BACK_AT) body.pause();
    wake();
  });
  body.once('end', () => end({}));
  // Stays: whatever else the connection has to say must not end the process.
  body.on('error', (error) => end({ error: onError(error) }));
  body.once('close', () => end({ error: onError(new Error('closed before its end')) }));
  return {
    async *[Symbol.asyncIterator]() {
      for (;;) {
        for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) {
          waiting -= piece.length;
          yield piece;
        }
        if (outcome?.error !== undefined) throw outcome.error;
        if (outcome !== undefined) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
          body.resume();
        });
      }
    },
  };
}
