import { execFileSync } from 'node:child_process';
import { ONNXRUNTIME, PLATFORMS } from './onnxruntime.ts';
import type { Packed } from './registry.ts';

const MIB = 2 ** 20;
/** MiB that a package may take when it is installed, without what it depends on. */
const CEILINGS: Readonly<Record<string, number>> = {
  '@neurodex/core': 1,
  '@neurodex/objects': 1,
  '@neurodex/autograd': 1,
  '@neurodex/datasets': 2,
  '@neurodex/tracking': 1,
  neurodex: 50,
  [ONNXRUNTIME]: 1,
  ...Object.fromEntries(PLATFORMS.map((platform) => [`${ONNXRUNTIME}-${platform}`, 90])),
};

interface Entry {
  readonly path: string;
  readonly bytes: number;
}

/** What is wrong with a tarball by itself. @returns a sentence for each fault */
export function faultsOf({ name, version, manifest, file }: Packed, versionOfAll: string): string[] {
  const entries = entriesOf(file);
  const faults: string[] = [];
  const has = (path: string): boolean => entries.some((entry) => entry.path === path);
  if (version !== versionOfAll) faults.push(`is ${version}, and the others are ${versionOfAll}`);
  // That of ONNX Runtime's binaries is theirs.
  const texts = name.startsWith(ONNXRUNTIME) ? ['README.md', 'LICENSE'] : ['README.md', 'LICENSE', 'CHANGELOG.md'];
  for (const path of texts) if (!has(path)) faults.push(`has no ${path}`);
  for (const { path } of entries) {
    if (/\.map$/.test(path)) faults.push(`holds the source map ${path}`);
    if (/\.(?:test|fixture|contract)\.(?:js|d\.ts)$/.test(path)) faults.push(`holds the test ${path}`);
    // That of Vite says which files a page has.
    if (/(?:^|\/)\./.test(path) && path !== 'web/.vite/manifest.json') faults.push(`holds the hidden file ${path}`);
  }
  for (const script of ['preinstall', 'install', 'postinstall']) {
    if ((manifest.scripts as Record<string, string> | undefined)?.[script] !== undefined)
      faults.push(`has the script ${script}`);
  }
  if (entries.some(({ path }) => path.endsWith('.js')) && mapsIn(file))
    faults.push('names source maps that it does not hold');
  const size = entries.reduce((sum, { bytes }) => sum + bytes, 0) / MIB;
  const ceiling = CEILINGS[name];
  if (ceiling === undefined || size > ceiling)
    faults.push(`takes ${size.toFixed(1)} MiB, and may take ${ceiling ?? 0}`);
  return faults;
}

/** MiB of a package when it is installed. */
export const sizeOf = ({ file }: Packed): number => entriesOf(file).reduce((sum, { bytes }) => sum + bytes, 0) / MIB;

function entriesOf(file: string): Entry[] {
  const lines = execFileSync('tar', ['tzvf', file], { encoding: 'utf8', maxBuffer: 2 ** 26 })
    .trim()
    .split('\n');
  return lines.map((line) => {
    const [, , bytes = '', , , ...path] = line.split(/\s+/);
    return { path: path.join(' ').replace(/^package\//, ''), bytes: Number(bytes) };
  });
}

function mapsIn(file: string): boolean {
  const text = execFileSync('tar', ['xzOf', file, '--wildcards', '*.js', '*.d.ts'], { maxBuffer: 2 ** 28 });
  return /^\/\/# sourceMappingURL=(?!data:)/m.test(text.toString('latin1'));
}
