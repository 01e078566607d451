import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** How to get PyTorch, from the repository root. */
export const INSTALL_PYTORCH =
  process.platform === 'win32'
    ? 'python -m venv bench/.venv && bench\\.venv\\Scripts\\pip install -r bench/requirements.txt'
    : 'python3 -m venv bench/.venv && bench/.venv/bin/pip install -r bench/requirements.txt';

export interface Python {
  readonly executable: string;
  readonly torch: string;
}

/**
 * A Python that can import torch: the one that NEURODEX_BENCH_PYTHON names, else that of bench/.venv.
 * A named one that fails is missing; another is not used in its place.
 */
export async function findPython(
  environment: NodeJS.ProcessEnv = process.env,
  folder: string = fileURLToPath(new URL('.venv', import.meta.url)),
): Promise<Python | { readonly missing: string }> {
  const named = environment.NEURODEX_BENCH_PYTHON;
  const own = process.platform === 'win32' ? `${folder}\\Scripts\\python.exe` : `${folder}/bin/python`;
  if (!named && !existsSync(own)) {
    return { missing: `PyTorch is not installed for the benchmarks; to compare with it: ${INSTALL_PYTORCH}` };
  }
  const executable = named || own;
  try {
    const { stdout } = await run(executable, ['-c', 'import torch; print(torch.__version__)']);
    return { executable, torch: stdout.trim() };
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const reason = stderr?.trim().split('\n').at(-1) || message;
    const origin = named ? 'NEURODEX_BENCH_PYTHON' : 'bench/.venv';
    return { missing: `${executable} (${origin}) cannot import torch (${reason}); to install it: ${INSTALL_PYTORCH}` };
  }
}
