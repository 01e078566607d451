import { ROLES } from '@neurodex/datasets/names';
import { z } from 'zod';
import { SYSTEM_NAMES } from '../../query/system.ts';
import { CALIBRATED_KINDS } from '../../relevance/answer-judge.ts';
import { shardAnswers as answersOfShard, shardQuestion as questionOfShard } from '../../shards/shard-protocol.ts';
import { PROBLEM_CODES } from './problems.ts';

/** What goes over the wire, one schema each: answers are typed, documented (openapi.ts) and tested by them. */

/** Those that the OpenAPI document names. */
export const components = z.registry<{ id: string }>();

const count = z.int().min(0);
const name = z.string();
const indexId = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/)
  .describe('names an index in addresses');
const pictureId = z
  .string()
  .regex(/^[a-z0-9-]+\.\d+$/)
  .describe('<index>.<number>: names a picture for as long as it is in the index, and no other one later');
const versionOfIndex = z.string().regex(/^[0-9a-f]{16}$/);
const system = z.enum(SYSTEM_NAMES);
const role = z.enum(ROLES);
const share = z.number().min(0).max(1);
const metrics = z.record(z.string(), z.number());

export const problem = z
  .object({
    type: z.literal('about:blank'),
    title: z.string().describe('the phrase of the status'),
    status: z.int(),
    detail: z.string().describe('what is wrong with what'),
    code: z.enum(PROBLEM_CODES).describe('for programs'),
    hint: z.string().optional().describe('what to do'),
  })
  .describe('A refused request (RFC 9457).')
  .register(components, { id: 'Problem' });

export const indexCard = z
  .object({
    id: indexId,
    name: name.describe("the folder's name"),
    default: z.boolean().describe('whether searches that name no index go here'),
    systems: z.array(system).describe('what can answer where a picture is asked for'),
    textSystems: z.array(system).describe('what can answer where words are asked for'),
    version: versionOfIndex.describe(
      'changes when another version of the index takes its place, which a running server follows',
    ),
    changes: z
      .object({
        revision: count.describe('changes since the index was built'),
        added: count.describe('pictures'),
        removed: count.describe('pictures'),
        learned: count.describe('of those removed, the ones that its network may have learned from'),
        renamed: count.describe('identifiers that pictures got in place of others'),
      })
      .describe('what has happened to the pictures since the index was built'),
    writable: z.boolean().describe('whether pictures can be added and removed here, with the token for writing'),
    catalogue: count.describe('pictures that are indexed, N'),
    queries: z.object({ train: count, validation: count, test: count }),
    created: z.string(),
    dataset: z.object({ name, source: name }),
  })
  .register(components, { id: 'IndexCard' });

export const indexList = z.object({ indexes: z.array(indexCard) }).register(components, { id: 'IndexList' });

export const indexDetails = z
  .object({
    ...indexCard.shape,
    seed: z.int(),
    neurodex: z.string().describe('version of the program that made it'),
    config: z.record(z.string(), z.unknown()).describe('as it was when the index was made'),
    model: z.object({ parameters: count, bytes: count }).nullable().describe('of the network; null without one'),
    training: z
      .object({ steps: count, seconds: z.number(), validation: metrics.describe('of the parameters that were kept') })
      .nullable(),
    pictures: z.object({
      size: z.int().describe('edge of a picture as the network sees it, in pixels'),
      thumbnail: z.int().describe('edge of a picture as it is stored, in pixels; smaller ones are not enlarged'),
    }),
    patchesPerSide: z
      .int()
      .nullable()
      .describe('of a picture as the network sees it; null without a network, or where what it reads has no places'),
    relevance: z
      .object({
        systems: z
          .array(z.object({ system, queries: z.array(z.enum(CALIBRATED_KINDS)) }))
          .describe('systems whose answers have a relevance, each with the kinds of queries for which they have it'),
        nothingFound: z
          .object({ auroc: share.describe('area under the ROC curve, measured when the index was calibrated') })
          .nullable()
          .describe(
            'how well it tells pictures to which something in the catalogue is relevant from others; null where it cannot',
          ),
        stale: z
          .boolean()
          .describe('whether so many pictures have come and gone since that it may be wrong: neurodex settle mends it'),
      })
      .nullable()
      .describe('what is known of the relevance of answers; null for an index that is not calibrated'),
    notices: z
      .array(z.object({ work: name, author: name, licence: name, url: name }))
      .describe('whose pictures these are'),
  })
  .register(components, { id: 'IndexDetails' });

export const picture = z
  .object({
    id: pictureId,
    name: name.describe('path relative to the source; unique'),
    labels: z.array(z.string()),
    role,
    identifier: z.string().nullable().describe('the tokens that name it; null for queries'),
    image: z.string().describe('address of the picture as it is stored; changes when the picture does'),
    thumbnail: z.string().describe('address of a small picture; changes when the picture does'),
  })
  .register(components, { id: 'Picture' });

export const picturePage = z
  .object({
    total: count.describe('pictures that were asked for, on all pages'),
    offset: count,
    labels: z.array(z.string()).describe('all labels of the index, in the order of the alphabet'),
    pictures: z.array(picture),
  })
  .register(components, { id: 'PicturePage' });

export const addition = z
  .object({
    index: indexId,
    version: versionOfIndex.describe('that has the pictures'),
    served: z
      .boolean()
      .describe(
        'whether searches find the pictures now; if not, they will when that version is served: see GET /v1/indexes',
      ),
    added: z.array(picture),
    known: z
      .array(z.object({ name, picture: pictureId }))
      .describe('files that were not added because a picture of the index has the same bytes'),
    failed: z.array(z.object({ name, problem })).describe('files that could not be added, and why'),
  })
  .register(components, { id: 'Addition' });

export const removal = z
  .object({ index: indexId, id: pictureId, version: versionOfIndex.describe('that no longer has the picture') })
  .register(components, { id: 'Removal' });

export const identifierToken = z
  .object({
    token: z.string(),
    probability: z.number().describe('given the tokens before it, among those that lead to a picture'),
    attention: z
      .array(z.number())
      .describe('share of each patch in what was seen of the patches, patchesPerSide² row by row, sum 1'),
  })
  .register(components, { id: 'IdentifierToken' });

export const answer = z
  .object({
    rank: z.int().min(1).describe('place among all answers of the system: minRelevance and confidence leave gaps'),
    picture,
    score: z.number().describe('higher is better: log-probability for dsi, cosine for the others'),
    relevant: z
      .boolean()
      .nullable()
      .describe(
        'whether a label is shared with the picture of the index that was asked for: what is known, not what is estimated; null where the labels of the query are not known',
      ),
    relevance: share
      .nullable()
      .describe(
        'estimated probability that it is relevant, calibrated on validation queries; null where answers of the system to such queries are not calibrated',
      ),
    tokens: z.array(identifierToken).optional().describe('with explain: how dsi wrote the identifier'),
  })
  .register(components, { id: 'Answer' });

export const searchResponse = z
  .object({
    index: indexId,
    k: z.int().min(1),
    query: z.object({
      picture: pictureId.nullable(),
      labels: z.array(z.string()).nullable(),
      text: z.string().nullable().describe('the words that were asked for, as they were understood'),
      plus: z.array(z.string()).describe('words that were added'),
      minus: z.array(z.string()).describe('words that were taken away'),
    }),
    partial: z
      .boolean()
      .describe('whether shards did not answer that were asked: answers may be missing; false for one index'),
    results: z.array(
      z.object({
        system,
        seconds: z.number().describe('from the decoded query to its answers, waiting included'),
        none: share
          .nullable()
          .describe(
            'estimated probability that nothing in the catalogue is relevant, if that is so of one query in ten; null where nobody knows: of words, without calibration, or in an index without classes',
          ),
        nothingFound: z
          .boolean()
          .describe('whether the likeliest outcome is that nothing is relevant: the answers are then merely similar'),
        answers: z
          .array(answer)
          .describe('best first; also where nothing was found, unless minRelevance or confidence leaves them out'),
      }),
    ),
  })
  .register(components, { id: 'SearchResponse' });

/** The JSON form of a query: a picture that the server has, or words. */
export const searchByJson = z
  .union([z.strictObject({ picture: pictureId }), z.strictObject({ text: z.string().describe('in any language') })])
  .register(components, { id: 'SearchByJson' });

/** What servers of shards are asked, and what they answer. */
export const shardQuestion = questionOfShard.register(components, { id: 'ShardQuestion' });
export const shardAnswers = answersOfShard.register(components, { id: 'ShardAnswers' });

const interval = z.tuple([z.number(), z.number()]);
const point = z.object({ step: count, value: z.number() });

export const measuredReport = z
  .object({
    status: z.literal('measured'),
    split: z.enum(['test', 'validation']),
    evaluation: z
      .object({
        catalogue: count,
        queries: count.describe('that were measured'),
        withoutRelevant: count.describe('left out because nothing in the catalogue is relevant to them'),
        protocol: z.string(),
        systems: z.record(z.string(), metrics).describe('system → measure → mean over the queries'),
        intervals: z.record(z.string(), z.record(z.string(), interval)).describe('95 % confidence intervals of those'),
      })
      .describe('as neurodex evaluate --json'),
    level: z.number().describe('of the tests, after the correction'),
    tests: z
      .array(
        z.object({
          measure: z.string(),
          systems: z.tuple([z.string(), z.string()]),
          difference: z.number(),
          interval,
          effectSize: z.number().nullable(),
          queries: z.object({ better: count, equal: count, worse: count }),
          p: z.number(),
          exact: z.boolean(),
          pHolm: z.number(),
          winner: z.string().nullable(),
        }),
      )
      .describe('every two systems on every measure, as neurodex compare --json'),
    curves: z
      .record(
        z.string(),
        z.object({
          precision: z.array(z.number()).describe('interpolated, at recall 0, 0.1 … 1'),
          recall: z.array(z.object({ k: z.int(), recall: z.number() })),
        }),
      )
      .describe('system → curves, means over the queries'),
    confusion: z
      .record(z.string(), z.array(z.object({ queryClass: z.string(), answerClass: z.string(), queries: count })))
      .describe('system → how often queries of a class were answered first with a picture of another'),
    balance: z.array(z.object({ label: z.string(), catalogue: count, train: count, validation: count, test: count })),
    learning: z
      .object({
        loss: z.array(point),
        tokenAccuracy: z.array(point),
        validation: z.record(z.string(), z.array(point)),
        phases: z.array(z.object({ phase: z.string(), step: count })),
        lastStep: count,
      })
      .describe('of the training; long curves are thinned to their extremes'),
  })
  .register(components, { id: 'MeasuredReport' });

export const measuring = z
  .object({
    status: z.literal('measuring'),
    done: count.describe('queries'),
    total: count,
  })
  .register(components, { id: 'Measuring' });

export const alive = z.object({ status: z.literal('ok') }).register(components, { id: 'Alive' });
export const ready = z.object({ status: z.literal('ready'), indexes: count }).register(components, { id: 'Ready' });

/** A refused request (RFC 9457). */
export type Problem = z.infer<typeof problem>;

/** An index that is served. */
export type IndexCard = z.infer<typeof indexCard>;

/** The indexes that are served. */
export type IndexList = z.infer<typeof indexList>;

/** All that is known of an index. */
export type IndexDetails = z.infer<typeof indexDetails>;

/** A picture of an index. */
export type PictureFacts = z.infer<typeof picture>;

/** A page of the pictures of an index. */
export type PicturePage = z.infer<typeof picturePage>;

/** What became of pictures that were added. */
export type Addition = z.infer<typeof addition>;

/** A picture that was removed. */
export type Removal = z.infer<typeof removal>;

/** A token of an identifier, and where the network looked for it. */
export type IdentifierToken = z.infer<typeof identifierToken>;

/** One answer of a system. */
export type SearchAnswer = z.infer<typeof answer>;

/** What the systems answer to a query. */
export type SearchResponse = z.infer<typeof searchResponse>;

/** A query that is words, or the id of a picture. */
export type SearchByJson = z.infer<typeof searchByJson>;

/** The measures of an index. */
export type MeasuredReport = z.infer<typeof measuredReport>;

/** How far measuring is. */
export type Measuring = z.infer<typeof measuring>;
export type Alive = z.infer<typeof alive>;

/** That the server answers. */
export type Ready = z.infer<typeof ready>;
