import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile, TYPESCRIPT } from './compile.ts';
import { NPM_VERSIONS, Project } from './project.ts';
import type { Packed } from './registry.ts';
import { PACKAGES } from './stage.ts';
import { useNeurodex } from './use-neurodex.ts';

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

/** @returns a project that has neurodex, and photos and an index of them */
export async function checkInstallation({ folder, registry, packed, check }: InstallationOptions): Promise<Project> {
  const cache = join(folder, 'npm-cache');
  const project = (name: string): Project => new Project(join(folder, name), registry, cache);
  const judge = project('judge');
  await judge.run('npm', ['install', '--no-save', PUBLINT, ATTW, '--ignore-scripts']);
  for (const { name, file } of packed) {
    await check(`${name}: publint`, async () =>
      complaintsOf((await judge.bin('publint', 'run', file, '--strict')).stdout),
    );
    // Binaries have no types.
    if (!/onnxruntime-/.test(name)) {
      await check(`${name}: arethetypeswrong`, async () => {
        await judge.bin('attw', file, '--profile', 'esm-only', '--no-emoji', '--no-color');
        return [];
      });
    }
  }
  let user = project('user');
  for (const version of NPM_VERSIONS) {
    await check(`npm ${version} install neurodex`, async () => {
      user = project(`npm-${version}`);
      const { stdout, stderr } = await user.npm(version, 'install', 'neurodex');
      return `${stdout}${stderr}`.split('\n').filter((line) => /\bwarn|\berr|deprecated|vulnerab/i.test(line));
    });
  }
  await useNeurodex(user, check);
  for (const name of PACKAGES) {
    if (name === 'core') continue;
    const full = name === 'neurodex' ? name : `@neurodex/${name}`;
    await check(`${full}: the example of its README, checked and run`, () =>
      exampleOf(project(`alone-${name}`), { name, full, photos: join(user.folder, 'photos') }),
    );
  }
  return user;
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
