import { type Finding, fine, warning } from '../finding.ts';
import type { Machine } from '../machine.ts';
import { type OptionalPart, optionalParts } from '../optional-parts.ts';

/** What is not installed is no fault: who does not need it misses nothing. Half of it is one, and another version. */
export async function checkOptional(machine: Machine): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [name, part] of optionalParts()) findings.push(await checkPart(machine, name, part));
  return findings;
}

async function checkPart({ packageVersion }: Machine, name: string, part: OptionalPart): Promise<Finding> {
  const { packages, purpose, without } = part;
  const versions: Record<string, string | null> = {};
  for (const each of Object.keys(packages)) versions[each] = (await packageVersion(each)) ?? null;
  const [missing, wrong] = [
    Object.keys(packages).filter((each) => versions[each] === null),
    Object.entries(packages).filter(([each, major]) => versions[each] !== null && majorOf(versions[each]) !== major),
  ];
  const facts = { packages: versions };
  const install = `npm install ${Object.entries(packages)
    .map(([each, major]) => `${each}@${major}`)
    .join(' ')}`;
  const told = Object.entries(versions).flatMap(([each, version]) => (version === null ? [] : [`${each} ${version}`]));
  if (missing.length === Object.keys(packages).length) {
    return fine(name, `not installed: ${without} (${install}, for ${purpose})`, facts);
  }
  if (missing.length > 0) return warning(name, `${told.join(', ')} without ${missing.join(' and ')}`, install, facts);
  if (wrong.length === 0) return fine(name, told.join(', '), facts);
  const wanted = wrong.map(([each, major]) => `${each} ${major}`).join(' and ');
  return warning(name, `${told.join(', ')}, and version ${wanted} is what it was made for`, install, facts);
}

const majorOf = (version: string | null | undefined): number => Number(version?.split('.', 1)[0]);
