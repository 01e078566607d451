import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { checkPlatform } from '../packages/neurodex/src/doctor/checks/versions.ts';
import { madeUpMachine } from '../packages/neurodex/src/doctor/made-up-machine.fixture.ts';
import { PLATFORMS } from '../packaging/onnxruntime.ts';

/** `neurodex doctor` as a user runs it, also where the parts that it looks for cannot be loaded. */
const bin = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'neurodex-doctor-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @param broken packages that cannot be loaded */
function doctor(args: readonly string[], broken: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const breaking = join(folder, 'breaking.cjs');
  writeFileSync(
    breaking,
    `const { Module } = require('node:module');
    const load = Module._load;
    Module._load = function (name, ...others) {
      if (${JSON.stringify(broken)}.includes(name)) throw new Error('cannot open shared object file: ' + name);
      return load.call(this, name, ...others);
    };`,
  );
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--no-deprecation', '--require', breaking, bin, 'doctor', ...args],
    { encoding: 'utf8', env: { ...process.env, ...env } },
  );
  return { status, stdout, stderr };
}

describe('neurodex doctor', () => {
  it('says that all is well, and ends with 0', () => {
    const { status, stdout, stderr } = doctor([]);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^ok {7}device +cpu ran a graph in/m);
  });

  it('runs where neither ONNX Runtime nor sharp can be loaded, and says so', () => {
    const { status, stdout, stderr } = doctor(['--json'], ['onnxruntime-node', 'sharp']);
    const { status: found, findings } = JSON.parse(stdout) as {
      status: string;
      findings: { name: string; status: string; message: string; hint: string | null }[];
    };
    expect([status, found]).toEqual([1, 'problem']);
    const problems = findings.filter((finding) => finding.status === 'problem');
    expect(problems.map(({ name }) => name)).toEqual(['onnx', 'pictures']);
    for (const { message, hint } of problems) {
      expect(message).toContain('cannot open shared object file');
      expect(hint).toContain('npm install');
    }
    const errors = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { error?: { code: string } });
    expect(errors.filter(({ error }) => error?.code === 'machine-unfit')).toHaveLength(2);
  });

  it('says that the cache cannot be written', () => {
    const file = join(folder, 'a file');
    writeFileSync(file, '');
    const { status, stdout } = doctor([], [], { NEURODEX_CACHE: file });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^problem +cache .*it is no folder\n +→ set NEURODEX_CACHE/m);
  });

  it('ends with 1 for a device that is not there', () => {
    const { status, stdout } = doctor(['--device', 'cuda']);
    if (status === 0) return expect(stdout).toMatch(/cuda ran a graph/);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^problem +device +no graph runs on cuda: /m);
  });
});

it('the platforms that it knows are those that binaries are published for', async () => {
  for (const name of PLATFORMS) {
    const [system = '', architecture = ''] = name.split('-');
    const platform = (['linux', 'darwin', 'win32'] as const).find((each) => each === system) ?? 'aix';
    const [finding] = await checkPlatform(madeUpMachine({ platform, architecture }));
    expect(finding?.status, name).toBe('ok');
  }
  const [other] = await checkPlatform(madeUpMachine({ platform: 'aix', architecture: 'ppc64' }));
  expect(other?.status).toBe('warning');
});
