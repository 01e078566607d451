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
/**
 * What a program loads at its start becomes one file, and what it loads with a module that it imports when it has to another one: a search
 * is waited for. What entries for browsers load as well is kept apart, so that pages get nothing else.
 */
const AT_ONCE: Readonly<
  Record<string, { readonly program: string; readonly module: string; readonly browser: readonly string[] }>
> = {
  neurodex: {
    program: 'dist/cli/main.js',
    module: 'dist/jobs/search.js',
    browser: ['dist/browser.js', 'dist/browser-build/index.js'],
  },
};
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

type ModuleInfoOf = (id: string) => { readonly importedIds: readonly string[] } | null;

/** A module and all that is loaded with it. */
function loadedWith(module: string, infoOf: ModuleInfoOf): ReadonlySet<string> {
  const found = new Set([module]);
  for (const id of found) for (const imported of infoOf(id)?.importedIds ?? []) found.add(imported);
  return found;
}

/** Puts what is loaded together into one file. */
function splitting(root: string, name: string) {
  const together = AT_ONCE[name];
  if (together === undefined) return {};
  const setsOf = (infoOf: ModuleInfoOf) => {
    const members = (file: string) => loadedWith(join(root, file), infoOf);
    const browsers = together.browser.map((file) => [entryName(file), members(file)] as const);
    return { common: members(together.program), later: members(together.module), browsers };
  };
  let sets: ReturnType<typeof setsOf> | undefined;
  /** What the command line alone uses stays in its own file. */
  const isOwn = (id: string): boolean => id.startsWith(join(root, 'dist/cli')) || id.includes('node_modules');
  const group = (id: string, modules: { getModuleInfo: ModuleInfoOf }): string | null => {
    sets ??= setsOf((each) => modules.getModuleInfo(each));
    const { common, later, browsers } = sets;
    if (common.has(id) ? isOwn(id) : !later.has(id)) return null;
    const loading = browsers.filter(([, members]) => members.has(id)).map(([entry]) => entry);
    return [common.has(id) ? 'common' : posix.basename(together.module, '.js'), ...loading].join('-');
  };
  return {
    codeSplitting: { includeDependenciesRecursively: false, groups: [{ name: group, debugName: together.module }] },
  };
}

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
    preserveEntrySignatures: 'allow-extension',
    // The library exports what the command line loads when it is needed.
    checks: { ineffectiveDynamicImport: false },
  });
  const partial = join(root, `${FOLDER}.partial`);
  await rm(partial, { recursive: true, force: true });
  const { output } = await build.write({
    dir: partial,
    format: 'esm',
    chunkFileNames: '[name]-[hash].js',
    // Functions are documented in the types, and in the modules.
    comments: { jsdoc: false },
    ...splitting(root, manifest.name),
  });
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
