import { isRecord, NeurodexError } from '@neurodex/core';
import { type Dispatcher, request } from 'undici';
import type { z } from 'zod';
import { encodeStates, shardAnswers } from '../shard-protocol.ts';
import type { RoutedShard, ShardAnswers } from '../shard-source.ts';

export interface ServerRequest {
  /** Of the index: http://host:8080/v1/indexes/photos */
  readonly url: string;
  readonly token: string | undefined;
  readonly dispatcher: Dispatcher;
  readonly shard: RoutedShard;
  readonly states: Float32Array;
  readonly queries: number;
  readonly k: number;
  readonly shares?: readonly number[] | undefined;
  readonly signal: AbortSignal;
}

/** Bytes of an answer, beside those of each picture in it, at most. */
const ANSWER_BYTES = 64 * 1024;
const PICTURE_BYTES = 8 * 1024;
/** Characters of what a server says. */
const TOLD = 200;

/** Asks a server for the answers of a shard. @throws NeurodexError `shards-unavailable` saying why there are none */
export async function askServer(asked: ServerRequest): Promise<readonly ShardAnswers[]> {
  const { url, token, dispatcher, shard, states, queries, k, shares, signal } = asked;
  const { shard: number, record } = shard;
  const refuse = (why: string, cause?: unknown) => unanswered(url, number, why, cause);
  let answer: Dispatcher.ResponseData;
  try {
    answer = await request(`${url}/shards/${number}/search`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({
        record: { bytes: record.bytes, sha256: record.sha256 },
        ...{ states: encodeStates(states), k, shares },
      }),
      dispatcher,
      signal,
    });
  } catch (error) {
    throw refuse(reasonOf(error), error);
  }
  const { statusCode, body } = answer;
  const bytes = await read(body, ANSWER_BYTES + queries * k * PICTURE_BYTES).catch((error: unknown) => {
    throw refuse(reasonOf(error), error);
  });
  const json = parsed(bytes);
  if (statusCode !== 200) throw refuse(refusalIn(statusCode, json));
  const found = shardAnswers.safeParse(json);
  if (!found.success) throw refuse(`it answered with what are no answers of a shard (${firstIssue(found.error)})`);
  return found.data.answers;
}

async function read(body: AsyncIterable<Uint8Array>, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop ends the connection.
  for await (const chunk of body) {
    length += chunk.length;
    if (length > most) throw new Error(`its answer is larger than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

const firstIssue = ({ issues: [issue] }: z.ZodError): string => `${issue?.path.join('.')}: ${issue?.message}`;

/** What is printed of a server comes from elsewhere. */
const plain = (text: unknown): string =>
  String(text)
    .replace(/[^\x20-\x7e]+/g, ' ')
    .slice(0, TOLD);

function refusalIn(status: number, json: unknown): string {
  const { code, detail }: Readonly<Record<string, unknown>> = isRecord(json) ? json : {};
  return code === undefined ? `it answered with status ${status}` : `${plain(code)}: ${plain(detail)}`;
}

function reasonOf(error: unknown): string {
  const { code, message }: Readonly<Record<string, unknown>> = isRecord(error) ? error : {};
  return plain(code === undefined ? message : `${code}`);
}

const unanswered = (url: string, shard: number, why: string, cause: unknown): NeurodexError =>
  new NeurodexError('shards-unavailable', `${url} did not answer for shard ${shard}: ${why}`, {
    hint: 'see whether that server runs, serves the same place, and takes the token of --shard-token',
    details: { url, shard },
    cause,
  });
