import type { z } from 'zod';
import { INFERENCE_ROUTES } from './inference-routes.ts';
import { imageQuery, noQuery, pageQuery, pathParameters, searchQuery } from './parameters.ts';
import { PATHS, type RouteName } from './paths.ts';
import type { ProblemCode } from './problems.ts';
import type { Response, Route } from './route.ts';
import {
  addition,
  alive,
  indexDetails,
  indexList,
  measuredReport,
  measuring,
  picture,
  picturePage,
  ready,
  removal,
  searchByJson,
  searchResponse,
  shardAnswers,
  shardQuestion,
} from './schemas.ts';

/** What any request may be refused with; and what those may be that look at indexes. */
export const COMMON_PROBLEMS = [
  'request-malformed',
  'parameter-invalid',
  'host-refused',
  'origin-refused',
] as const satisfies readonly ProblemCode[];
export const GUARDED_PROBLEMS = ['token-wrong', 'internal'] as const satisfies readonly ProblemCode[];

/** What changes may be refused with. */
const WRITE_PROBLEMS = [
  'read-only',
  'index-unknown',
  'index-fixed',
  'run-locked',
  'draining',
  'disk-full',
] as const satisfies readonly ProblemCode[];

const REVALIDATED = {
  ETag: 'digest of the content',
  'Cache-Control': 'for a year where the address has the digest of the stored picture (v), else to be revalidated',
};
const NOT_MODIFIED: Response = { description: 'The content has the ETag of If-None-Match.', headers: REVALIDATED };

/** Every route, once: what it takes and what it answers. Handlers (handlers/) and the OpenAPI document go by it. */
export const ROUTES = {
  listIndexes: {
    summary: 'The indexes that are served',
    query: noQuery,
    responses: { 200: { description: 'All of them, the default one first.', content: indexList } },
    problems: [],
  },
  getIndex: {
    summary: 'What one index is and what it was made from',
    query: noQuery,
    responses: { 200: { description: 'The index.', content: indexDetails } },
    problems: ['index-unknown'],
  },
  listPictures: {
    summary: 'Pictures of an index, page by page, the oldest first',
    query: pageQuery,
    responses: { 200: { description: 'A page.', content: picturePage } },
    problems: ['index-unknown', 'shards-unavailable'],
  },
  getPicture: {
    summary: 'What is known of one picture',
    query: noQuery,
    responses: { 200: { description: 'The picture.', content: picture } },
    problems: ['index-unknown', 'picture-unknown', 'shards-unavailable'],
  },
  addPictures: {
    summary: 'Add pictures to an index',
    query: noQuery,
    body: { 'multipart/form-data': 'pictures' },
    responses: {
      200: { description: 'The index has all of them already.', content: addition },
      201: { description: 'Pictures were added.', content: addition },
    },
    problems: [
      ...WRITE_PROBLEMS,
      'body-malformed',
      'request-timeout',
      'picture-changed',
      'body-too-large',
      'type-unsupported',
      'picture-empty',
      'picture-not-an-image',
      'picture-unsupported',
      'picture-damaged',
      'picture-too-large',
      'busy',
    ],
    writes: true,
  },
  removePicture: {
    summary: 'Remove a picture, and all that the index says of it',
    query: noQuery,
    responses: {
      200: { description: 'It is erased. No search has returned it since the request was accepted.', content: removal },
    },
    problems: [...WRITE_PROBLEMS, 'picture-unknown', 'index-replaced'],
    writes: true,
  },
  searchShard: {
    summary: 'Search one shard of an index in shards by states, for a server that fronts this one',
    query: noQuery,
    body: { 'application/json': shardQuestion },
    responses: { 200: { description: 'The answers to each state, best first.', content: shardAnswers } },
    problems: [
      'body-malformed',
      'index-unknown',
      'shard-unknown',
      'request-timeout',
      'shards-mixed',
      'body-too-large',
      'type-unsupported',
      'busy',
      'draining',
      'interrupted',
      'index-replaced',
      'shards-unavailable',
    ],
    searches: true,
  },
  getReport: {
    summary: 'Measures of every system, tests between them, and curves',
    query: noQuery,
    responses: {
      200: { description: 'Measured on the test queries.', content: measuredReport },
      202: {
        description: 'It is measured now, once, in the background.',
        content: measuring,
        headers: { 'Retry-After': 'seconds after which to ask again' },
      },
    },
    problems: ['index-unknown', 'report-impossible', 'report-failed'],
  },
  getImage: {
    summary: 'A picture as it is stored',
    query: imageQuery,
    responses: {
      200: { description: 'The picture.', content: { raw: 'bytes', types: ['image/png'] }, headers: REVALIDATED },
      304: NOT_MODIFIED,
    },
    problems: ['picture-unknown', 'shards-unavailable'],
  },
  getThumbnail: {
    summary: 'A small picture for pages with many of them',
    query: imageQuery,
    responses: {
      200: {
        description: 'The picture, at most 128 pixels wide and high.',
        content: { raw: 'bytes', types: ['image/webp', 'image/png'] },
        headers: REVALIDATED,
      },
      304: NOT_MODIFIED,
    },
    problems: ['picture-unknown', 'shards-unavailable'],
  },
  search: {
    summary: 'Rank the catalogue for a picture, for words, or for both together',
    query: searchQuery,
    body: {
      'image/*': 'bytes',
      'application/octet-stream': 'bytes',
      'multipart/form-data': 'form',
      'application/json': searchByJson,
    },
    responses: { 200: { description: 'The answers of each system, best first.', content: searchResponse } },
    problems: [
      'body-malformed',
      'index-unknown',
      'picture-unknown',
      'request-timeout',
      'body-too-large',
      'type-unsupported',
      'picture-empty',
      'picture-not-an-image',
      'picture-unsupported',
      'picture-damaged',
      'picture-too-large',
      'text-empty',
      'text-invalid',
      'text-too-long',
      'query-empty',
      'query-unsupported',
      'busy',
      'draining',
      'interrupted',
      'too-slow',
      'index-replaced',
      'shards-unavailable',
    ],
    searches: true,
  },
  isAlive: {
    summary: 'Whether the process lives',
    query: noQuery,
    responses: { 200: { description: 'It does.', content: alive } },
    problems: [],
    open: true,
  },
  isReady: {
    summary: 'Whether searches are answered',
    query: noQuery,
    responses: { 200: { description: 'The indexes are loaded.', content: ready } },
    problems: ['draining'],
    open: true,
  },
  getMetrics: {
    summary: 'Counters and times for Prometheus',
    query: noQuery,
    responses: {
      200: {
        description: "In Prometheus' text format.",
        content: { raw: 'text', types: ['text/plain; version=0.0.4; charset=utf-8'] },
      },
    },
    problems: [],
  },
  getOpenApi: {
    summary: 'This document',
    query: noQuery,
    responses: { 200: { description: 'OpenAPI 3.1.', content: { raw: 'text', types: ['application/json'] } } },
    problems: [],
    open: true,
  },
  ...INFERENCE_ROUTES,
} as const satisfies { readonly [Name in RouteName]: Route };

export const ROUTE_NAMES: readonly RouteName[] = Object.keys(PATHS).filter((name): name is RouteName =>
  Object.hasOwn(PATHS, name),
);

export const route = (name: RouteName): Route => ROUTES[name];

type ParameterIn<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParameterIn<Rest>
  : never;

/** Path parameters of a route, as a handler is given them. */
export type PathOf<Name extends RouteName> = {
  readonly [Parameter in ParameterIn<(typeof PATHS)[Name]['path']> & keyof typeof pathParameters]: z.output<
    (typeof pathParameters)[Parameter]
  >;
};

/** Query parameters of a route, as a handler is given them. */
export type QueryOf<Name extends RouteName> = z.output<(typeof ROUTES)[Name]['query']>;

type PathParameter = keyof typeof pathParameters;

/** Names of the path parameters, in order. */
export const parametersIn = (path: string): PathParameter[] =>
  [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, name = '']) => (isPathParameter(name) ? [name] : []));

const isPathParameter = (name: string): name is PathParameter => Object.hasOwn(pathParameters, name);
