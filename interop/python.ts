import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const WINDOWS = process.platform === 'win32';
const OLDEST = [3, 11] as const;

/** What pip prints when the way to the package index is closed, as opposed to a package that does not exist. */
const UNREACHABLE =
  /NewConnectionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|NameResolutionError|SSLError|Max retries exceeded|Network is unreachable|Connection refused|Temporary failure in name resolution|HTTP error (403|407|5\d\d)/;

export type Environment =
  | { readonly python: string }
  /** Why the checks cannot run here, through no fault of what they check. */
  | { readonly leftOut: string };

/** Packages that are installed together, in a folder of their own. */
export interface Packages {
  /** Both of this folder. */
  readonly venv: string;
  readonly requirements: string;
  /** The first Python that they do not take. */
  readonly below?: readonly [number, number];
}

/** What most checks need. */
export const MOST: Packages = { venv: '.venv', requirements: 'requirements.txt' };
/** KServe's client, with the pandas and the psutil that it needs. */
export const KSERVE: Packages = { venv: '.venv-kserve', requirements: 'requirements-kserve.txt', below: [3, 14] };
/** The client of the Model Context Protocol, with the HTTP client that it needs. */
export const MCP: Packages = { venv: '.venv-mcp', requirements: 'requirements-mcp.txt' };

/**
 * A folder with the pinned packages, made when it is not there or when the pins have changed.
 * @throws Error when pip reaches the package index and still fails: then the pins are wrong
 */
export function prepareEnvironment(log: (message: string) => void, packages = MOST): Environment {
  const [venv, requirements] = [here(packages.venv), here(packages.requirements)];
  const python = `${venv}${WINDOWS ? '/Scripts/python.exe' : '/bin/python'}`;
  const stamp = `${venv}/installed`;
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return { python };

  const system = systemPython(packages.below);
  if ('leftOut' in system) return system;
  log(`making interop/${packages.venv} and installing ${requirements} into it`);
  const made = spawnSync(system.python, ['-m', 'venv', venv], { encoding: 'utf8' });
  if (made.status !== 0) {
    return {
      leftOut: `${system.python} -m venv failed (Debian: apt install python3-venv):\n${made.stdout}${made.stderr}`,
    };
  }
  const quiet = ['--disable-pip-version-check', '--no-input', '--quiet', '--retries', '2', '--timeout', '20'];
  const installed = spawnSync(python, ['-m', 'pip', 'install', ...quiet, '-r', requirements], { encoding: 'utf8' });
  if (installed.status !== 0) {
    const output = `${installed.stdout}${installed.stderr}`.trim();
    const unreachable = output.split('\n').find((line) => UNREACHABLE.test(line));
    if (unreachable) return { leftOut: `PyPI cannot be reached: ${unreachable}` };
    throw new Error(`pip install -r interop/${packages.requirements} failed:\n${output}`);
  }
  writeFileSync(stamp, wanted);
  return { python };
}

/** NEURODEX_INTEROP_PYTHON, else python3, else python: the first that is new enough, and not too new. */
function systemPython(below: readonly [number, number] = [OLDEST[0] + 1, 0]): Environment {
  const named = process.env.NEURODEX_INTEROP_PYTHON;
  const found: string[] = [];
  for (const candidate of named ? [named] : ['python3', 'python']) {
    const asked = spawnSync(candidate, ['-c', 'import sys; print(*sys.version_info[:2])'], { encoding: 'utf8' });
    if (asked.status !== 0) continue;
    const [major = 0, minor = 0] = asked.stdout.trim().split(' ').map(Number);
    const isNewEnough = major === OLDEST[0] && minor >= OLDEST[1];
    if (isNewEnough && (major < below[0] || minor < below[1])) return { python: candidate };
    found.push(`${candidate} is ${major}.${minor}`);
  }
  const reason = found.length > 0 ? found.join(', ') : 'there is none';
  const range = `${OLDEST.join('.')} or newer, below ${below.join('.')}`;
  return { leftOut: `they need Python ${range}: ${reason}; name one in NEURODEX_INTEROP_PYTHON` };
}
