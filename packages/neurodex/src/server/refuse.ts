import type { FastifyReply } from 'fastify';
import { headersOf, internal, problemOf, refusalOf } from './refusals.ts';

/** Answers a request with what is wrong with it. */
export type Refuse = (error: unknown, reply: FastifyReply) => FastifyReply;

/** @param onFault told of faults of the server, of which the client hears only that there was one */
export const refuser =
  (onFault: (error: unknown) => void): Refuse =>
  (error, reply) => {
    const refusal = refusalOf(error);
    if (refusal === undefined) onFault(error);
    const told = refusal ?? internal();
    return reply
      .code(told.status)
      .headers({ ...headersOf(told), 'cache-control': 'no-store' })
      .type('application/problem+json')
      .send(Buffer.from(JSON.stringify(problemOf(told))));
  };
