import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { openApiDocument } from './openapi.ts';
import { PATHS } from './paths.ts';
import { PROBLEMS } from './problems.ts';
import { COMMON_PROBLEMS, GUARDED_PROBLEMS, ROUTES } from './routes.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly description?: string;
    readonly schema: { readonly default?: unknown };
  }[];
}

describe('the OpenAPI document', () => {
  const document = JSON.parse(JSON.stringify(openApiDocument())) as {
    readonly paths: Record<string, Record<string, Operation>>;
    readonly components: { readonly schemas: object };
  };

  it('is one, by the schema of OpenAPI 3.1 itself', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(document));
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect(validator.version).toBe('3.1');
    // A validator that finds nothing wrong with anything would prove nothing.
    const broken: Record<string, unknown> = structuredClone(document);
    broken.paths = { 'no-slash': { get: { responses: {} } } };
    expect((await new Validator().validate(broken)).valid).toBe(false);
  });

  it('has every route with its parameters, and nothing else', () => {
    const operations = Object.entries(
      document.paths as Record<string, Record<string, { operationId: string }>>,
    ).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => `${operationId} ${method.toUpperCase()} ${path}`),
    );
    expect(operations.sort()).toEqual(
      Object.entries(PATHS)
        .map(([name, { method, path }]) => `${name} ${method} ${path}`)
        .sort(),
    );
  });

  it('refers to nothing that it does not have', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
      ([, id]) => id,
    );
    const { schemas } = document.components;
    expect(references.length).toBeGreaterThan(10);
    expect(Object.keys(schemas)).toEqual(expect.arrayContaining([...new Set(references)]));
  });

  it('says of every parameter what it means, and what it is by default', () => {
    const parameters = document.paths['/v1/search']?.post?.parameters ?? [];
    expect(parameters.every(({ description }) => (description ?? '') !== '')).toBe(true);
    expect(Object.fromEntries(parameters.map(({ name, schema }) => [name, schema.default]))).toEqual({
      index: undefined,
      system: undefined,
      plus: [],
      minus: [],
      k: 10,
      explain: false,
      explainCount: 3,
    });
  });

  it('knows no problem that no route has, but for those of bytes that are no request', () => {
    const declared = new Set<string>([
      ...COMMON_PROBLEMS,
      ...GUARDED_PROBLEMS,
      ...Object.values(ROUTES).flatMap(({ problems }) => [...problems]),
    ]);
    const rest = Object.keys(PROBLEMS).filter((code) => !declared.has(code));
    expect(rest.sort()).toEqual(['address-too-long', 'headers-too-large', 'method-not-allowed', 'not-found']);
  });
});
