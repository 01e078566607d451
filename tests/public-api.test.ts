import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, expectTypeOf, it } from 'vitest';
import { apiReports, hiddenTypes } from '../docs/api-report.ts';
import { entriesOf, PUBLISHED, type PublicApi, readPublicApi, UNPROMISED, undocumented } from '../docs/public-api.ts';
import type { Config } from '../packages/neurodex/src/config.ts';
import type { Configuration } from '../packages/neurodex/src/configuration/configuration.ts';
import { configurationInterface } from '../packages/neurodex/src/configuration/interface.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** The schema's type as nobody may change it. */
type Written = {
  readonly [Section in keyof Config]: { readonly [Key in keyof Config[Section]]: Frozen<Config[Section][Key]> };
};
type Frozen<Value> = Value extends readonly (infer Item)[] ? readonly Item[] : Value;

let api: PublicApi;
beforeAll(() => {
  api = readPublicApi();
}, 300_000);

it.each(PUBLISHED)('exports of %s what its report says (npx tsx docs/update.ts writes it)', (folder) => {
  expect(apiReports(api).get(folder)).toBe(read(`docs/api/${folder}.api.md`));
});

it('exports every type that its exports name', () => {
  expect(hiddenTypes(api)).toEqual([]);
});

it('documents everything that is exported', () => {
  expect(undocumented(api)).toEqual([]);
});

it('documents the configuration as the schema has it (npx tsx docs/update.ts writes it)', () => {
  expect(configurationInterface()).toBe(read('packages/neurodex/src/configuration/configuration.ts'));
  expectTypeOf<Readonly<Config>>().toExtend<Configuration>();
  expectTypeOf<Configuration>().toExtend<Written>();
});

it('has a reference of every part of every package, but for what is not promised', () => {
  const { entryPoints }: { readonly entryPoints: readonly string[] } = JSON.parse(read('docs/typedoc.json'));
  const sources = PUBLISHED.flatMap((folder) =>
    entriesOf(folder).flatMap(({ entry, file }) =>
      UNPROMISED.has(entry)
        ? []
        : [
            relative(ROOT, file)
              .replace('/dist/', '/src/')
              .replace(/\.d\.ts$/, '.ts'),
          ],
    ),
  );
  expect([...entryPoints].sort()).toEqual(sources.map((source) => `../${source}`).sort());
});
