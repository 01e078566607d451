import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What a test does to its process that the next one in the same process would see. */
const CHANGES_PROCESS =
  /\bvi\.(?:mock|doMock|hoisted|stub\w+|useFakeTimers|resetModules|spyOn)\b|\bprocess\.(?:env|chdir|on|once|exitCode|umask)\b|\bglobalThis\b/;

/** Tries the smallest numbers of all, which are zeros where ONNX Runtime was used before. */
const NEEDS_DENORMALS = /\bfc\.(?:double|float|json\w*|anything|object|float32Array|float64Array)\(/;

/** A file may also say so. */
const SAYS_SO = /@own-process\b/;

const hasOwnProcess = (file: string): boolean => {
  const content = readFileSync(join(root, file), 'utf8');
  return [CHANGES_PROCESS, NEEDS_DENORMALS, SAYS_SO].some((pattern) => pattern.test(content));
};

/**
 * Test files by how they run: in a process of their own, which they change or find as it was started, or one after another in a shared one, where
 * modules are imported once.
 * @param folders from the root of the repository
 */
export function byProcess(folders: readonly string[]): readonly [own: string[], shared: string[]] {
  const own: string[] = [];
  const shared: string[] = [];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  for (const file of files.filter((name) => /\.test\.tsx?$/.test(name)))
    (hasOwnProcess(file) ? own : shared).push(file);
  return [own, shared];
}
