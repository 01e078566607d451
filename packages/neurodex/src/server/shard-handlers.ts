import { z } from 'zod';
import { decodeStates, REQUEST_BYTES, shardQuestion } from '../shards/shard-protocol.ts';
import { ApiError } from './api/problems.ts';
import type { Handlers } from './handler.ts';
import type { Host } from './host.ts';
import type { HostedShard, ShardQuestion } from './hosted.ts';

const AS_DESCRIBED = 'GET /openapi.json describes what servers of shards are asked';
/** Characters of what is wrong with a body: it repeats names that the body has. */
const TOLD = 300;

/** What servers that front this one ask. */
export const shardHandlers = ({ host }: { readonly host: Host }): Pick<Handlers, 'searchShard'> => ({
  async searchShard({ path, headers, receive }) {
    const { id, shards } = host.index(path.index);
    if (shards === undefined) {
      throw new ApiError('shard-unknown', `${id} is one index, and not in shards`, {
        hint: 'GET /v1/indexes lists all',
      });
    }
    if (path.shard >= shards.count) {
      throw new ApiError('shard-unknown', `${id} has no shard ${path.shard}`, {
        hint: `it has ${shards.count}, from 0 to ${shards.count - 1}`,
      });
    }
    checkType(headers['content-type']);
    const { body } = await receive(REQUEST_BYTES);
    const answers = await shards.search(read(body, path.shard, shards));
    return {
      status: 200,
      json: { answers: answers.map(({ logSum, answers: found }) => ({ logSum, answers: found.map(asJson) })) },
    };
  },
});

const asJson = ({ row, score, picture }: Awaited<ReturnType<HostedShard['search']>>[number]['answers'][number]) => ({
  row,
  score,
  picture: { ...picture, labels: [...picture.labels] },
});

/** @throws ApiError `type-unsupported` */
function checkType(contentType: string | undefined): void {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json') return;
  throw new ApiError('type-unsupported', 'a shard is asked in JSON', { hint: 'send it as application/json' });
}

/** @throws ApiError `body-malformed` */
function read(body: Buffer, shard: number, { width }: HostedShard): ShardQuestion {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw malformed('the body is not valid JSON', error);
  }
  const parsed = shardQuestion.safeParse(value);
  if (!parsed.success) throw malformed(z.prettifyError(parsed.error).slice(0, TOLD));
  const { record, states: encoded, k, shares } = parsed.data;
  const states = decodeStates(encoded, width);
  if (typeof states === 'string') throw malformed(states);
  const queries = states.length / width;
  if (shares !== undefined && shares.length !== queries) {
    throw malformed(`there are ${shares.length} shares for ${queries} states`);
  }
  return { shard, record, states, k, shares };
}

const malformed = (message: string, cause?: unknown): ApiError =>
  new ApiError('body-malformed', message, { hint: AS_DESCRIBED, cause });
