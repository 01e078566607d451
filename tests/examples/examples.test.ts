import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual, promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Examples, examplesOf } from '../../docs/examples.ts';
import { readPublicApi } from '../../docs/public-api.ts';
import { Pets } from '../../packages/neurodex/src/library/pets.fixture.ts';
import { addExampleFiles } from './example-files.ts';
import type { Ran } from './run-examples.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Within the repository, so that the packages are found as an installed project finds them. */
const FOLDER = fileURLToPath(new URL(`../../node_modules/.examples-${process.pid}`, import.meta.url));
/** Its examples lead through a task, and need not print. */
const GUIDE = 'docs/library.md';
const TSC = join(createRequire(import.meta.url).resolve('typescript/package.json'), '..', 'bin', 'tsc');

let found: Examples;
let pets: Pets;
beforeAll(async () => {
  const { examples, missing } = examplesOf(readPublicApi());
  found = { examples: [...examples, ...guideExamples()], missing };
  // Trained as long as it takes until searches find what is alike.
  pets = await Pets.create(['dsi', 'pixels'], 100);
  addExampleFiles(pets.root);
}, 900_000);
afterAll(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  await pets?.remove();
});

it('has an example for every function, class and method that the packages export', () => {
  expect(found.missing, 'write an example with @example').toEqual([]);
});

it('says what each prints, so that it fails where the function is wrong', () => {
  const silent = found.examples.filter(({ name, code }) => !name.startsWith(GUIDE) && expectedIn(code).length === 0);
  expect(silent.map(({ name }) => name)).toEqual([]);
});

/** The examples of the guide. */
function guideExamples(): Examples['examples'] {
  const guide = readFileSync(join(ROOT, GUIDE), 'utf8');
  return [...guide.matchAll(/```ts\n([\s\S]*?)\n```/g)].map(([, code = ''], i) => ({
    name: `${GUIDE} ${i + 1}`,
    code,
  }));
}

/** What an example says that it prints: `// → 6` behind a line. */
const expectedIn = (code: string): string[] => [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, text = '']) => text);

it('compiles and runs each as users would', async () => {
  const { examples } = found;
  mkdirSync(FOLDER, { recursive: true });
  const files = examples.map(({ code }, i) => {
    writeFileSync(join(FOLDER, `example-${i}.ts`), code);
    return `example-${i}.ts`;
  });
  writeFileSync(join(FOLDER, 'package.json'), JSON.stringify({ type: 'module' }));
  const compilerOptions = { strict: true, target: 'es2023', lib: ['es2023'], types: ['node'], module: 'nodenext' };
  writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const compiled = await run(process.execPath, [TSC, '-p', FOLDER], { cwd: FOLDER }).catch(
    (error: { readonly stdout?: string }) => ({ stdout: error.stdout ?? String(error) }),
  );
  expect(named(compiled.stdout, examples)).toBe('');
  const program = join(ROOT, 'tests/examples/run-examples.ts');
  const scripts = files.map((file) => join(FOLDER, file.replace(/\.ts$/, '.js')));
  const { stdout } = await run(process.execPath, ['--import', 'tsx', program, pets.root, ...scripts], {
    cwd: ROOT,
    maxBuffer: 2 ** 26,
  });
  const results: readonly Ran[] = JSON.parse(stdout);
  const faults = examples.flatMap(({ name, code }, i) => {
    const { printed, error } = results[i] ?? { printed: [], error: 'it did not run' };
    if (error !== null) return [`${name}: ${error}`];
    const expected = expectedIn(code);
    return expected.length === 0 || isDeepStrictEqual(printed, expected)
      ? []
      : [`${name} printed ${JSON.stringify(printed)}`];
  });
  expect(faults).toEqual([]);
}, 900_000);

/** The complaints of the compiler with the names of the examples. */
const named = (text: string, examples: Examples['examples']): string =>
  text.replaceAll(/example-(\d+)\.ts/g, (_, i: string) => examples[Number(i)]?.name ?? i);
