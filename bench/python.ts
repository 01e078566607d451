import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isRecord } from '@neurodex/core';

const run = promisify(execFile);

/** Something that a benchmark compares with, and the file of its pinned versions. */
export interface PythonPackages {
  /** What is said to be missing. */
  readonly name: string;
  /** The module that must import. */
  readonly module: string;
  readonly requirements: string;
}

export const PYTORCH: PythonPackages = { name: 'PyTorch', module: 'torch', requirements: 'requirements.txt' };
export const OPENCV: PythonPackages = {
  name: 'OpenCV with scikit-learn',
  module: 'cv2, sklearn',
  requirements: 'requirements-bovw.txt',
};

/** How to get them, from the repository root. */
const installing = ({ requirements }: PythonPackages): string =>
  process.platform === 'win32'
    ? `python -m venv bench/.venv && bench\\.venv\\Scripts\\pip install -r bench/${requirements}`
    : `python3 -m venv bench/.venv && bench/.venv/bin/pip install -r bench/${requirements}`;

export interface Python {
  readonly executable: string;
  /** Of the first module. */
  readonly version: string;
}

/**
 * A Python that can import what is compared with: the one that NEURODEX_BENCH_PYTHON names, else that of bench/.venv.
 * A named one that fails is missing; another is not used in its place.
 */
export async function findPython(
  packages: PythonPackages,
  environment: NodeJS.ProcessEnv = process.env,
  folder: string = fileURLToPath(new URL('.venv', import.meta.url)),
): Promise<Python | { readonly missing: string }> {
  const { name, module } = packages;
  const named = environment.NEURODEX_BENCH_PYTHON;
  const own = process.platform === 'win32' ? `${folder}\\Scripts\\python.exe` : `${folder}/bin/python`;
  if (!named && !existsSync(own)) {
    return { missing: `${name} is not installed for the benchmarks; to compare with it: ${installing(packages)}` };
  }
  const executable = named || own;
  try {
    const [first] = module.split(',');
    const { stdout } = await run(executable, ['-c', `import ${module}; print(${first}.__version__)`]);
    return { executable, version: stdout.trim() };
  } catch (error) {
    const stderr = isRecord(error) ? String(error.stderr ?? '') : '';
    const reason = stderr.trim().split('\n').at(-1) || (error instanceof Error ? error.message : String(error));
    const origin = named ? 'NEURODEX_BENCH_PYTHON' : 'bench/.venv';
    return {
      missing: `${executable} (${origin}) cannot import ${module} (${reason}); to install it: ${installing(packages)}`,
    };
  }
}
