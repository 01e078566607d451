import { defined } from '@neurodex/core';
import { z } from 'zod';
import { VERSION } from '../../version.ts';
import { inferenceStatus } from './inference-errors.ts';
import { inferenceError } from './inference-schemas.ts';
import { pathParameters } from './parameters.ts';
import { PATHS, type RouteName } from './paths.ts';
import { PROBLEMS, type ProblemCode } from './problems.ts';
import type { Content, RawContent, Response, Route } from './route.ts';
import { COMMON_PROBLEMS, GUARDED_PROBLEMS, parametersIn, ROUTE_NAMES, route } from './routes.ts';
import { components, problem } from './schemas.ts';

type Json = Readonly<Record<string, unknown>>;

const reference = (id: string): string => `#/components/schemas/${id}`;

/** A schema that has a name, by its name; any other, written out, as it is after parsing. */
const schemaOf = (schema: z.core.$ZodType): Json => {
  const named = components.get(schema);
  if (named !== undefined) return { $ref: reference(named.id) };
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'output' });
  return json;
};

const BYTES: Json = {};
const FORM: Json = {
  type: 'object',
  properties: { picture: { type: 'string', contentMediaType: 'application/octet-stream' } },
  required: ['picture'],
};

const PICTURES: Json = {
  type: 'object',
  properties: {
    picture: { type: 'array', items: { type: 'string', contentMediaType: 'application/octet-stream' } },
    labels: { type: 'array', items: { type: 'string' }, description: 'of all the pictures' },
  },
  required: ['picture'],
};
const BODIES = { bytes: BYTES, form: FORM, pictures: PICTURES } as const;

const isRaw = (content: z.ZodType | RawContent): content is RawContent => 'raw' in content;
const isEither = (content: Content): content is readonly [z.ZodType, RawContent] => Array.isArray(content);

const contentOf = (content: Content): Json =>
  isEither(content) ? { ...formOf(content[0]), ...formOf(content[1]) } : formOf(content);

const formOf = (content: z.ZodType | RawContent): Json =>
  isRaw(content)
    ? Object.fromEntries(
        content.types.map((type) => [
          type,
          {
            schema:
              content.raw === 'bytes' ? BYTES : type === 'application/json' ? { type: 'object' } : { type: 'string' },
          },
        ]),
      )
    : { 'application/json': { schema: schemaOf(content) } };

const headersOf = (headers: Readonly<Record<string, string>>): Json =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );

const responseOf = ({ description, content, headers }: Response): Json => ({
  description,
  ...(headers === undefined ? {} : { headers: headersOf(headers) }),
  ...(content === undefined ? {} : { content: contentOf(content) }),
});

/** Refusals by status, each naming its codes. */
function problemResponses({ problems, open, inference }: Route): Json {
  const codes: ProblemCode[] = [...COMMON_PROBLEMS, ...(open ? [] : GUARDED_PROBLEMS), ...problems];
  const statusOf = (code: ProblemCode): number => (inference ? inferenceStatus(code) : PROBLEMS[code].status);
  const statuses = [...new Set(codes.map(statusOf))].sort((a, b) => a - b);
  const content = inference
    ? { 'application/json': { schema: schemaOf(inferenceError) } }
    : { 'application/problem+json': { schema: schemaOf(problem) } };
  return Object.fromEntries(
    statuses.map((status) => {
      const here = codes.filter((code) => statusOf(code) === status);
      return [
        String(status),
        {
          description: `${PROBLEMS[defined(here[0], `a code of ${status}`)].title}: ${here.join(', ')}`,
          ...(status === 503 || status === 423
            ? { headers: headersOf({ 'Retry-After': 'seconds after which to try again' }) }
            : {}),
          content,
        },
      ];
    }),
  );
}

function operationOf(name: RouteName): Json {
  const declared = route(name);
  const query = Object.entries(declared.query.shape).map(([parameter, schema]) => {
    const { description, ...json } = schemaOf(schema);
    return {
      name: parameter,
      in: 'query',
      ...(description === undefined ? {} : { description }),
      schema: json,
      ...(json.type === 'array' ? { style: 'form', explode: false } : {}),
    };
  });
  const path = parametersIn(PATHS[name].path).map((parameter) => {
    const { description, ...json } = schemaOf(pathParameters[parameter]);
    return { name: parameter, in: 'path', required: true, description, schema: json };
  });
  const headers = Object.entries(declared.headers ?? {}).map(([header, description]) => ({
    name: header,
    in: 'header',
    description,
    schema: { type: 'string' },
  }));
  return {
    operationId: name,
    summary: declared.summary,
    ...(declared.open ? { security: [] } : {}),
    parameters: [...path, ...query, ...headers],
    ...(declared.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: Object.fromEntries(
              Object.entries(declared.body).map(([type, body]) => [
                type,
                { schema: typeof body === 'string' ? BODIES[body] : schemaOf(body) },
              ]),
            ),
          },
        }),
    responses: {
      ...Object.fromEntries(
        Object.entries(declared.responses).map(([status, response]) => [status, responseOf(response)]),
      ),
      ...problemResponses(declared),
    },
  };
}

/**
 * The OpenAPI 3.1 document of the API, made from the table of its routes.
 * @param basePath where the server is below the root of its host: `/search`; empty at the root
 */
export function openApiDocument(basePath = ''): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const name of ROUTE_NAMES) {
    const { method, path } = PATHS[name];
    paths[path] = { ...paths[path], [method.toLowerCase()]: operationOf(name) };
  }
  const { schemas } = z.toJSONSchema(components, { io: 'output', uri: reference });
  return {
    openapi: '3.1.1',
    info: {
      title: 'Neurodex',
      version: VERSION,
      summary: 'Image search whose index is a neural network',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: basePath || '/' }],
    // A server that was started without a token asks for none.
    security: [{ token: [] }, {}],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: Object.fromEntries(
        Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
      ),
    },
  };
}
