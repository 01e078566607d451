import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, posix, relative, sep } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { z } from 'zod';

/*
 * Every package is published as its modules, one by one, and as a few files that hold the same: a command that loads some
 * hundred files needs a third of its time for that. What is imported by name, and the command line, are the few files; threads
 * and processes of their own load modules.
 */

/** Packages, in the order of ARCHITECTURE.md. */
const PACKAGES = ['core', 'datasets', 'tracking', 'objects', 'autograd', 'neurodex'] as const;
/** Entries beside those that package.json names. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = { neurodex: ['dist/cli/main.js'] };
/** Libraries of many small files that nearly every command loads. */
const INLINED = ['commander', 'zod', 'hyparquet', 'hyparquet-writer', 'p-limit', 'yocto-queue'] as const;
const FOLDER = 'dist/bundle';

const manifestSchema = z.object({
  name: z.string(),
  exports: z.record(z.string(), z.object({ types: z.string(), default: z.string() })),
});

/** Name of the file that an entry becomes: `dist/runtime/node.js` → `runtime-node`. */
const entryName = (file: string): string => posix.relative('dist', file).replace(/\.js$/, '').replaceAll('/', '-');

/** Files that a module names relative to itself stay where they are. */
const ownUrls = (root: string): Plugin => ({
  name: 'own-urls',
  transform(code, id) {
    if (!code.includes('import.meta.url') || id.includes('node_modules')) return null;
    const path = relative(join(root, FOLDER), id).split(sep).join('/');
    return code.replaceAll('import.meta.url', `new URL(${JSON.stringify(path)}, import.meta.url).href`);
  },
});

const packageOf = (id: string): string | undefined =>
  /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(id)?.[1];

const isInlined = (id: string): boolean => INLINED.some((name) => id === name || id.startsWith(`${name}/`));

/** Bundles a package that tsc has compiled. @throws Error where an entry has no file, or is not exported from where it is written */
async function bundle(root: string): Promise<void> {
  const manifest = manifestSchema.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')));
  const exported = Object.values(manifest.exports).map(({ types, default: target }) => {
    const file = posix.normalize(types).replace(/\.d\.ts$/, '.js');
    const expected = `./${FOLDER}/${entryName(file)}.js`;
    if (target !== expected) throw new Error(`${manifest.name} exports ${target}, which should be ${expected}`);
    return file;
  });
  const entries = [...exported, ...(PROGRAMS[manifest.name] ?? [])];
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(entries.map((file) => [entryName(file), join(root, file)])),
    platform: 'node',
    external: (id, _, isResolved) => !isResolved && !/^[./]/.test(id) && !isInlined(id),
    plugins: [ownUrls(root)],
    // The library exports what the command line loads when it is needed.
    checks: { ineffectiveDynamicImport: false },
  });
  const partial = join(root, `${FOLDER}.partial`);
  await rm(partial, { recursive: true, force: true });
  const { output } = await build.write({ dir: partial, format: 'esm', chunkFileNames: '[name]-[hash].js' });
  await build.close();
  const inlined = new Map<string, string>();
  for (const chunk of output) {
    if (chunk.type !== 'chunk') continue;
    for (const id of chunk.moduleIds) {
      const name = packageOf(id);
      if (name !== undefined)
        inlined.set(name, `${id.slice(0, id.lastIndexOf(`node_modules/${name}/`))}node_modules/${name}`);
    }
  }
  await writeFile(join(partial, 'LICENSES.txt'), await licencesOf(inlined));
  await rm(join(root, FOLDER), { recursive: true, force: true });
  await rename(partial, join(root, FOLDER));
}

async function licencesOf(packages: ReadonlyMap<string, string>): Promise<string> {
  const texts: string[] = [];
  for (const [name, folder] of [...packages].sort()) {
    const file = ['LICENSE', 'LICENSE.md', 'license', 'LICENSE.txt'].map((each) => join(folder, each)).find(existsSync);
    if (file === undefined) throw new Error(`${name} has no licence that could be passed on`);
    texts.push(`${name}\n\n${(await readFile(file, 'utf8')).trim()}\n`);
  }
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}

const packages = join(dirname(import.meta.dirname), 'packages');
for (const name of PACKAGES) await bundle(join(packages, name));
