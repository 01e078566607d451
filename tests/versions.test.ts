import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { VERSION } from '../packages/neurodex/src/version.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(`${ROOT}/${path}`, 'utf8');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const manifests = ['', 'docs/', ...readdirSync(`${ROOT}/packages`).map((name) => `packages/${name}/`)].map(
  (folder): Manifest => JSON.parse(read(`${folder}package.json`)),
);

it('has one version in all packages, also where one depends on another', () => {
  const own = new Set(manifests.map(({ name }) => name));
  for (const { name, version, dependencies = {}, devDependencies = {} } of manifests) {
    expect(version, name).toBe(VERSION);
    for (const [other, wanted] of Object.entries({ ...dependencies, ...devDependencies }))
      if (own.has(other)) expect(wanted, `${name} → ${other}`).toBe(VERSION);
  }
});

it('says what has changed, the latest first, in the headings of Keep a Changelog', () => {
  const headings = [...read('CHANGELOG.md').matchAll(/^## (.*)$/gm)].map(([, heading = '']) => heading);
  expect(headings[0]).toBe('Unreleased');
  for (const heading of headings.slice(1)) expect(heading).toMatch(/^\d+\.\d+\.\d+ - \d{4}-\d{2}-\d{2}$/);
  const kinds = [...read('CHANGELOG.md').matchAll(/^### (.*)$/gm)].map(([, kind = '']) => kind);
  for (const kind of kinds) expect(['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']).toContain(kind);
});
