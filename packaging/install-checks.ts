import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawFolders } from '../tests/drawn-folders.fixture.ts';
import { compile, TYPESCRIPT } from './compile.ts';
import { NPM_VERSIONS, Project } from './project.ts';
import type { Packed } from './registry.ts';
import { PACKAGES } from './stage.ts';

export interface InstallationOptions {
  /** For projects. */
  readonly folder: string;
  readonly registry: string;
  readonly packed: readonly Packed[];
  readonly check: (what: string, work: () => Promise<readonly string[]> | readonly string[]) => Promise<void>;
}

/** Of the programs that judge packages and types. */
const PUBLINT = 'publint@0.3.15';
const ATTW = '@arethetypeswrong/cli@0.18.5';

const projectOf = ({ folder, registry }: InstallationOptions, name: string): Project =>
  new Project(join(folder, name), registry, join(folder, 'npm-cache'));

/** Installs neurodex with every npm. @returns a project that has it, and photos */
export async function installNeurodex(options: InstallationOptions): Promise<Project> {
  let user = projectOf(options, 'user');
  for (const version of NPM_VERSIONS) {
    await options.check(`npm ${version} install neurodex`, async () => {
      user = projectOf(options, `npm-${version}`);
      const { stdout, stderr } = await user.npm(version, 'install', 'neurodex');
      return `${stdout}${stderr}`.split('\n').filter((line) => /\bwarn|\berr|deprecated|vulnerab/i.test(line));
    });
  }
  await drawFolders(join(user.folder, 'photos'), { red: '#c22', blue: '#22c', green: '#2a2' }, 'png');
  return user;
}

/** What other people's programs say of the tarballs. */
export async function judgeTarballs(options: InstallationOptions): Promise<void> {
  const judge = projectOf(options, 'judge');
  await judge.run('npm', ['install', '--no-save', PUBLINT, ATTW, '--ignore-scripts']);
  for (const { name, file } of options.packed) {
    await options.check(`${name}: publint`, async () =>
      complaintsOf((await judge.bin('publint', 'run', file, '--strict')).stdout),
    );
    // Binaries have no types.
    if (!/onnxruntime-/.test(name)) {
      await options.check(`${name}: arethetypeswrong`, async () => {
        await judge.bin('attw', file, '--profile', 'esm-only', '--no-emoji', '--no-color');
        return [];
      });
    }
  }
}

/** Each package by itself. @param photos a folder of pictures */
export async function checkAlone(options: InstallationOptions, photos: string): Promise<void> {
  for (const name of PACKAGES) {
    if (name === 'core') continue;
    const full = name === 'neurodex' ? name : `@neurodex/${name}`;
    await options.check(`${full}: the example of its README, checked and run`, () =>
      exampleOf(projectOf(options, `alone-${name}`), { name, full, photos }),
    );
  }
}

const complaintsOf = (text: string): string[] =>
  /\b(?:Errors|Warnings|Suggestions):/.test(text) ? text.split('\n').filter((line) => /^\s*\d+\./.test(line)) : [];

/** The first example of a README, in a project that has that package alone. */
async function exampleOf(
  project: Project,
  { name, full, photos }: { readonly name: string; readonly full: string; readonly photos: string },
): Promise<string[]> {
  const readme = readFileSync(new URL(`../packages/${name}/README.md`, import.meta.url), 'utf8');
  const [, code] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
  if (code === undefined) return [`the README of ${full} has no example`];
  await project.run('npm', ['install', full, ...TYPESCRIPT]);
  project.write('example.ts', code);
  await compile(project, 'example.ts');
  const given = name === 'neurodex' ? [photos, join(photos, 'red', '0.png')] : name === 'datasets' ? [photos] : [];
  await project.run(process.execPath, ['example.js', ...given]);
  return [];
}
