import { type Finding, fine, problem, warning } from '../finding.ts';
import type { Machine } from '../machine.ts';

/** The least version of Node, as package.json has it. */
export const LEAST_NODE = '20.19.0';
/** Platforms that ONNX Runtime has binaries for. */
const PLATFORMS: ReadonlySet<string> = new Set([
  'linux-x64',
  'linux-arm64',
  'darwin-arm64',
  'win32-x64',
  'win32-arm64',
]);

const NAMES: Partial<Record<NodeJS.Platform, string>> = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' };

/** Whether a version is at least another, by its numbers. */
export function isAtLeast(version: string, least: string): boolean {
  const [have, need] = [numbersOf(version), numbersOf(least)];
  const at = need.findIndex((part, i) => part !== (have[i] ?? 0));
  return at === -1 || (have[at] ?? 0) > (need[at] ?? 0);
}

const numbersOf = (version: string): number[] => version.split(/[.-]/, 3).map(Number);

export async function checkVersions({ version, node }: Machine): Promise<Finding[]> {
  const facts = { version: node, least: LEAST_NODE };
  return [
    fine('neurodex', `version ${version}`, { version }),
    isAtLeast(node, LEAST_NODE)
      ? fine('node', `version ${node}`, facts)
      : problem('node', `version ${node} is older than ${LEAST_NODE}`, `install Node ${LEAST_NODE} or later`, facts),
  ];
}

export async function checkPlatform({ platform, architecture, release, libc }: Machine): Promise<Finding[]> {
  const facts = { platform, architecture, release, libc: libc ?? null };
  const told = `${NAMES[platform] ?? platform} ${release} on ${architecture}`;
  if (libc === 'musl') {
    const hint = 'use a system with glibc: an image of Debian or Ubuntu in place of Alpine';
    return [problem('platform', `${told} has musl, for which ONNX Runtime has no binaries`, hint, facts)];
  }
  if (PLATFORMS.has(`${platform}-${architecture}`)) return [fine('platform', told, facts)];
  const hint =
    platform === 'darwin'
      ? 'Macs with an Intel processor are not supported; run it in a container of Linux'
      : 'Neurodex may not run here: see whether onnx below is ok';
  return [warning('platform', `${told}, for which ONNX Runtime has no binaries`, hint, facts)];
}
