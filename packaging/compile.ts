import type { Project } from './project.ts';

/** What users compile with: the TypeScript before this one, and the types of the oldest Node that is supported. */
export const TYPESCRIPT = ['typescript@5.9.3', '@types/node@20.19.25'];
/** What TypeScript is told, by the way in which modules are found. */
const RESOLUTIONS = { nodenext: 'nodenext', bundler: 'esnext' } as const;
const COMMON = ['--target', 'es2023', '--lib', 'es2023', '--types', 'node'];

/** Checks a file as strictly as the compiler does, in both ways in which modules are found, and leaves the JavaScript beside it. */
export async function compile(project: Project, file: string): Promise<void> {
  for (const [resolution, module] of Object.entries(RESOLUTIONS)) {
    const ways = ['--module', module, '--moduleResolution', resolution];
    await project.bin('tsc', '--strict', '--skipLibCheck', 'false', ...COMMON, ...ways, '--noEmit', file);
  }
  await project.bin('tsc', '--module', 'nodenext', ...COMMON, '--skipLibCheck', file);
}
