import type { IncomingHttpHeaders } from 'node:http';
import { defined } from '@neurodex/core';
import { HEADER_LENGTH } from '../api/inference-routes.ts';
import { type InferenceParameters, inferenceParameters } from '../api/parameters.ts';
import { ApiError } from '../api/problems.ts';
import type { SearchResponse } from '../api/schemas.ts';
import type { Waiting } from '../batcher.ts';
import type { Received } from '../handler.ts';
import type { Hosted } from '../hosted.ts';
import type { Limits } from '../limits.ts';
import { parseParameters } from '../parse-parameters.ts';
import { refusalOf } from '../refusals.ts';
import type { Plan, Search } from '../search.ts';
import { KIND_OF } from './metadata.ts';
import { isOutput, OUTPUT_NAMES, type OutputName, outputTensor } from './outputs.ts';
import { checkParameters, type InputName, MOST_QUERIES, type Queries, queriesOf, unknown } from './queries.ts';
import { type InferenceRequest, MalformedRequest, readInferenceRequest } from './request.ts';
import { type InferenceReply, inferenceReply } from './response.ts';

export interface InferServices {
  readonly search: Search;
  readonly limits: Pick<Limits, 'queue'>;
}

const AS_THE_PROTOCOL = 'send an inference request of the Open Inference Protocol; GET /openapi.json describes it';

/**
 * Where the JSON of a body ends, by the header that says so; undefined: with the body.
 * @throws ApiError `body-malformed`; `type-unsupported` for a body that is compressed
 */
export function headerLengthOf(headers: IncomingHttpHeaders): number | undefined {
  const { 'content-encoding': encoding = 'identity' } = headers;
  if (encoding.toLowerCase() !== 'identity') {
    throw new ApiError(
      'type-unsupported',
      `a body in the encoding ${JSON.stringify(encoding.slice(0, 50))} is not read`,
      {
        hint: 'send it as it is: picture files are compressed already',
      },
    );
  }
  const given = headers[HEADER_LENGTH.toLowerCase()];
  if (given === undefined) return undefined;
  if (typeof given !== 'string' || !/^\d{1,15}$/.test(given)) {
    throw new ApiError('body-malformed', `${HEADER_LENGTH} is no number of bytes`, { hint: AS_THE_PROTOCOL });
  }
  if (Number(given) > 0) return Number(given);
  throw new ApiError('body-malformed', 'a body without JSON does not say which input it is', { hint: AS_THE_PROTOCOL });
}

/**
 * Answers an inference request, each of its queries as a search.
 * @param hosted the version that is searched
 * @throws ApiError
 */
export async function infer(
  hosted: Hosted,
  headerLength: number | undefined,
  { body, waiting, more }: Received,
  { search, limits }: InferServices,
): Promise<InferenceReply> {
  const request = readingRequest(() => readInferenceRequest(body, headerLength));
  const parameters = parseParameters(inferenceParameters, request.parameters);
  const outputs = outputsOf(request, parameters.binary_data_output);
  const queries = queriesOf(request, Math.min(MOST_QUERIES, limits.queue));
  more({ searches: queries.sent.length - 1, bytes: queries.copied });
  const plan = planOf(hosted, queries.input, parameters, search);
  const answered = await Promise.all(searches(queries, plan, withTimeout(waiting, parameters.timeout), search));
  const results = answered.map(({ result }) => result);
  const response = {
    model_name: hosted.id,
    model_version: hosted.card.version,
    ...(request.id === undefined ? {} : { id: request.id }),
    parameters: { system: answered[0]?.result.system ?? '', partial: answered.some(({ partial }) => partial) },
  };
  const tensors = outputs.map(({ name, binary }) => ({ ...outputTensor(name, results, plan.k), binary }));
  return inferenceReply(response, tensors);
}

function readingRequest(work: () => InferenceRequest): InferenceRequest {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MalformedRequest)) throw error;
    throw new ApiError('body-malformed', error.message, { hint: AS_THE_PROTOCOL, cause: error });
  }
}

/** The outputs that are wanted, in the order in which they are. @throws ApiError `parameter-invalid` */
function outputsOf({ outputs }: InferenceRequest, binaryByDefault: boolean): { name: OutputName; binary: boolean }[] {
  if (outputs === undefined) return OUTPUT_NAMES.map((name) => ({ name, binary: binaryByDefault }));
  const wanted = new Map<OutputName, boolean>();
  for (const { name, parameters } of outputs) {
    if (!isOutput(name)) throw unknown('output', name, OUTPUT_NAMES);
    checkParameters(name, parameters, ['binary_data']);
    const binary = Object.hasOwn(parameters, 'binary_data') ? parameters.binary_data : binaryByDefault;
    if (typeof binary !== 'boolean') {
      throw new ApiError('parameter-invalid', `binary_data of ${name} is neither true nor false`, {
        hint: 'send it as true, for bytes, or as false, for JSON',
      });
    }
    wanted.set(name, binary);
  }
  return [...wanted].map(([name, binary]) => ({ name, binary }));
}

/** A search of one system: the one that is asked for, or the first that takes such queries, and is calibrated where that is needed. */
function planOf(
  hosted: Hosted,
  input: InputName,
  { k, system, where, min_relevance: minRelevance }: InferenceParameters,
  search: Search,
): Plan {
  const kind = KIND_OF[input];
  const candidates = system === undefined ? hosted.systemsFor(kind) : [system];
  const settings = { plus: [], minus: [], k, where, minRelevance, explain: false, explainCount: 1 };
  const plan = (chosen: typeof system) =>
    search.plan({ ...settings, system: chosen === undefined ? undefined : [chosen] }, hosted);
  const asked = plan(candidates[0]);
  if (minRelevance === undefined || candidates.length === 0) return asked;
  const judged = candidates.find((candidate) => hosted.judging.judge(candidate, kind) !== undefined);
  if (judged !== undefined) return plan(judged);
  const message = `min_relevance cannot choose answers of ${candidates.join(', ')} in ${hosted.id}: they are not calibrated for such queries`;
  throw new ApiError('parameter-invalid', message, { hint: 'leave min_relevance out' });
}

/** @param microseconds that the answer may take; 0 or undefined: as long as any search */
function withTimeout(waiting: Waiting, microseconds: number | undefined): Waiting {
  if (!microseconds) return waiting;
  const deadline = Math.min(waiting.deadline, performance.now() + microseconds / 1000);
  return {
    deadline,
    get gone() {
      return waiting.gone;
    },
  };
}

/** What one query of several is answered with. */
interface Answered {
  readonly result: SearchResponse['results'][number];
  readonly partial: boolean;
}

const searches = ({ input, sent }: Queries, plan: Plan, waiting: Waiting, search: Search): Promise<Answered>[] =>
  sent.map(async (query, i) => {
    try {
      const { results, partial } = await search.search(query, plan, waiting);
      return { result: defined(results[0], 'the answers of a system'), partial };
    } catch (error) {
      throw sent.length === 1 ? error : ofElement(error, `${input}[${i}]`);
    }
  });

/** Says which of several queries it is that something is wrong with. */
function ofElement(error: unknown, element: string): unknown {
  const refusal = refusalOf(error);
  if (refusal === undefined || refusal.status >= 500) return error;
  const { code, message, hint } = refusal;
  return new ApiError(code, `${element}: ${message}`, { cause: error, ...(hint === undefined ? {} : { hint }) });
}
