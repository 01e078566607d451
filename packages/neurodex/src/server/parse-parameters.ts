import { isRecord } from '@neurodex/core';
import { closest } from 'fastest-levenshtein';
import type { z } from 'zod';
import { pathParameters } from './api/parameters.ts';
import { PATHS, type RouteName } from './api/paths.ts';
import { ApiError } from './api/problems.ts';
import { type PathOf, parametersIn, type QueryOf, route } from './api/routes.ts';

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 100) ?? 'nothing';

/** Path parameters by their schemas. @throws ApiError `parameter-invalid` */
export function parsePath<Name extends RouteName>(name: Name, given: Readonly<Record<string, string>>): PathOf<Name> {
  const entries = parametersIn(PATHS[name].path).map((parameter) => {
    const parsed = pathParameters[parameter].safeParse(given[parameter]);
    if (!parsed.success) throw invalid(parameter, given[parameter], parsed.error);
    return [parameter, parsed.data];
  });
  return Object.fromEntries(entries) as PathOf<Name>;
}

/** Query parameters by their schemas. @throws ApiError `parameter-invalid` */
export const parseQuery = <Name extends RouteName>(name: Name, given: unknown): QueryOf<Name> =>
  parseParameters(route(name).query, given) as QueryOf<Name>;

/** Parameters by their schema; unknown ones are refused, with the nearest known. @throws ApiError `parameter-invalid` */
export function parseParameters<Schema extends z.ZodObject>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') throw unknown(issue.keys[0] ?? '', Object.keys(schema.shape));
  const parameter = String(issue?.path[0] ?? '');
  throw invalid(parameter, isRecord(given) ? given[parameter] : undefined, parsed.error);
}

function invalid(parameter: string, value: unknown, { issues: [issue] }: z.ZodError): ApiError {
  return new ApiError(
    'parameter-invalid',
    `${parameter} cannot be ${shown(value)}: ${issue?.message ?? 'it is invalid'}`,
    {
      hint: 'GET /openapi.json says what it may be',
    },
  );
}

function unknown(parameter: string, known: readonly string[]): ApiError {
  return new ApiError('parameter-invalid', `there is no parameter ${shown(parameter)} here`, {
    hint:
      known.length === 0
        ? 'leave it out'
        : `did you mean ${closest(parameter, [...known])}? Known: ${known.join(', ')}`,
  });
}
