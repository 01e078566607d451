import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ONNXRUNTIME } from './onnxruntime.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What is published, those first that others need. */
export const PACKAGES = ['core', 'objects', 'autograd', 'datasets', 'tracking', 'neurodex'] as const;

/** One for all packages, which have one version. */
const CHANGELOG = 'CHANGELOG.md';

export type Manifest = Record<string, unknown> & {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly files?: readonly string[];
};

export const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/**
 * Puts what is published of a package of the workspace into a folder. Source maps stay behind: the sources that they name are not
 * published. In place of `onnxruntime-node`, whose install script asks a server outside the registry, our own build of it is named.
 */
export function stagePackage(name: (typeof PACKAGES)[number], folder: string): void {
  const from = join(ROOT, 'packages', name);
  for (const path of filesOf(from)) {
    if (path.endsWith('.map') || path === 'package.json') continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (/\.(?:js|d\.ts)$/.test(path) && path.startsWith('dist/')) {
      writeFileSync(join(folder, path), withoutMap(readFileSync(join(from, path), 'utf8')));
    } else cpSync(join(from, path), join(folder, path));
  }
  cpSync(join(ROOT, CHANGELOG), join(folder, CHANGELOG));
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(published(readManifest(from)), null, 2)}\n`);
}

const withoutMap = (text: string): string => text.replace(/\n?\/\/# sourceMappingURL=\S+\s*$/, '\n');

/** The manifest as users get it. */
function published({ devDependencies: _, ...own }: Manifest): Manifest {
  const { dependencies = {}, files = [] } = own;
  const manifest = { ...own, files: [...files, CHANGELOG] };
  if (dependencies['onnxruntime-node'] === undefined) return manifest;
  const alias = `npm:${ONNXRUNTIME}@${manifest.version}`;
  return { ...manifest, dependencies: { ...dependencies, 'onnxruntime-node': alias } } as Manifest;
}

/** Files that npm would pack, relative to the package. */
function filesOf(folder: string): string[] {
  const text = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    ...{ cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 26 },
  });
  const packed: unknown = JSON.parse(text);
  // npm 10 and 11 print a list, npm 12 an object by name.
  const [first] = Array.isArray(packed) ? packed : Object.values(packed as object);
  return (first as { files: { path: string }[] }).files.map(({ path }) => path);
}
