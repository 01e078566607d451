import type { FastifyReply } from 'fastify';
import { inferenceError, inferenceStatus, isInferenceAddress } from './api/inference-errors.ts';
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
    const asInference = isInferenceAddress(reply.request.url);
    return reply
      .code(asInference ? inferenceStatus(told.code) : told.status)
      .headers({ ...headersOf(told), 'cache-control': 'no-store' })
      .type(asInference ? 'application/json' : 'application/problem+json')
      .send(Buffer.from(JSON.stringify(asInference ? inferenceError(told) : problemOf(told))));
  };
