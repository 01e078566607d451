import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAYERS, layerOverrides, USES_ONNX_RUNTIME } from './layers.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const copy = mkdtempSync(join(tmpdir(), 'neurodex-layers-'));
let refused: Set<string>;

/** A copy of the rule, and a file for each pair of folders in which one imports the other. */
beforeAll(() => {
  const config = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(join(copy, 'biome.json'), JSON.stringify({ ...config, vcs: { enabled: false } }));
  for (const [base, layers] of Object.entries(LAYERS)) {
    for (const from of layers) {
      for (const to of layers) {
        if (from === to) continue;
        const file = join(copy, base, from, `uses-${to}.ts`);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, `export { x } from '../${to}/x.ts';\n`);
      }
      writeFileSync(join(copy, base, from, 'uses-onnxruntime.ts'), "export { x } from 'onnxruntime-node';\n");
    }
  }
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  let report: string;
  try {
    report = execFileSync(
      process.execPath,
      [biome, 'lint', '--only=style/noRestrictedImports', '--max-diagnostics=none', '--reporter=json', '.'],
      {
        cwd: copy,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        maxBuffer: 1 << 26,
      },
    );
  } catch (error) {
    report = String((error as { stdout?: string }).stdout);
  }
  const { diagnostics } = JSON.parse(report) as {
    diagnostics: { category: string; location: { path: string | { file: string } } }[];
  };
  refused = new Set(
    diagnostics
      .filter(({ category }) => category.endsWith('noRestrictedImports'))
      .map(({ location: { path } }) => (typeof path === 'string' ? path : path.file)),
  );
});

afterAll(() => rmSync(copy, { recursive: true }));

it('the rule in biome.json is made from the table of layers: npm run docs', () => {
  const { overrides } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8')) as { overrides: unknown };
  expect(overrides).toEqual(layerOverrides());
});

describe.each(Object.entries(LAYERS))('the layers of %s', (base, layers) => {
  it('are all the folders there are', () => {
    const folders = readdirSync(join(root, base), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
    // presets/ is data, testing/ serves tests, styles/ is CSS: all stand outside.
    expect(folders.filter((name) => !['presets', 'testing', 'styles'].includes(name)).sort()).toEqual(
      [...layers].sort(),
    );
  });

  it.each(layers.flatMap((from, i) => layers.flatMap((to, j) => (i === j ? [] : [[from, to, j > i] as const]))))(
    '%s importing %s is refused: %s',
    (from, to, upwards) => {
      expect(refused.has(`${base}/${from}/uses-${to}.ts`)).toBe(upwards);
    },
  );

  it.each(layers)('%s and ONNX Runtime: refused but where it is used', (from) => {
    expect(refused.has(`${base}/${from}/uses-onnxruntime.ts`)).toBe(!USES_ONNX_RUNTIME.includes(`${base}/${from}`));
  });
});
