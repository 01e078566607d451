import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LEAST_NODE } from './checks/versions.ts';
import { VARIABLES } from './environment.ts';
import { optionalParts } from './optional-parts.ts';
import { libcOf, openFilesOf, thisMachine } from './this-machine.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'neurodex-machine-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const machine = thisMachine(process.env);

describe('this machine', () => {
  it('computes and decodes', async () => {
    expect((await machine.native.engine()).devices).toContain('cpu');
    expect(await machine.native.compute('cpu')).toBeUndefined();
    expect(await machine.native.compute('abacus')).toMatch(/no device abacus/);
    expect(await machine.native.decode()).toBeUndefined();
    expect((await machine.native.pictures()).libvips).toMatch(/^\d+\.\d+/);
  });

  it('counts the files of a folder, and knows that there is none', async () => {
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    writeFileSync(join(folder, 'a', 'one'), 'x'.repeat(100));
    writeFileSync(join(folder, 'a', 'b', 'two'), 'x'.repeat(23));
    expect(await machine.sizeOf(join(folder, 'a'))).toEqual({ bytes: 123, files: 2, isWhole: true });
    expect(await machine.sizeOf(join(folder, 'nowhere'))).toBeUndefined();
  });

  it('finds out whether a folder can be written, and leaves nothing there', async () => {
    const own = join(folder, 'own');
    mkdirSync(own);
    expect(await machine.whyUnwritable(own)).toBeUndefined();
    expect(readdirSync(own)).toEqual([]);
    expect(await machine.whyUnwritable(join(own, 'not', 'yet'))).toBeUndefined();
    expect(readdirSync(own)).toEqual([]);
    writeFileSync(join(own, 'file'), '');
    expect(await machine.whyUnwritable(join(own, 'file'))).toBe('it is no folder');
    expect(await machine.freeDisk(join(own, 'not', 'yet'))).toBeGreaterThan(0);
  });

  it.skipIf(process.platform !== 'linux')('cannot write into what the system keeps', async () => {
    expect(await machine.whyUnwritable('/proc')).toBeDefined();
    expect(await machine.openFiles()).toBeGreaterThan(0);
  });

  it('knows what is installed', async () => {
    const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(await machine.packageVersion('zod')).toBe(dependencies.zod);
    expect(await machine.packageVersion('no-such-package-of-ours')).toBeUndefined();
    expect(machine.memory).toBe(os.totalmem());
  });
});

describe('platforms', () => {
  it('tell the limit of open files in their own ways', async () => {
    const limits =
      'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files\n';
    const sources = { read: async () => limits, shell: async () => '256\n' };
    expect(await openFilesOf('linux', sources)).toBe(1024);
    expect(await openFilesOf('darwin', sources)).toBe(256);
    expect(await openFilesOf('win32', sources)).toBeUndefined();
    const silent = { read: async () => undefined, shell: async () => undefined };
    expect(await openFilesOf('linux', silent)).toBeUndefined();
    expect(await openFilesOf('darwin', { ...silent, shell: async () => 'unlimited\n' })).toBeUndefined();
  });

  it('have glibc or musl on Linux, by what Node reports', () => {
    expect(libcOf('linux', { header: { glibcVersionRuntime: '2.36' } })).toBe('glibc');
    expect(libcOf('linux', { header: {} })).toBe('musl');
    expect(libcOf('darwin', { header: {} })).toBeUndefined();
  });
});

describe('what the checks know', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    engines: { node: string };
    peerDependencies: Record<string, string>;
  };

  it('is what package.json says', () => {
    expect(`>=${LEAST_NODE}`).toBe(`${manifest.engines.node}.0`);
    const packages = Object.assign({}, ...optionalParts().map(([, part]) => part.packages)) as Record<string, number>;
    const majors = Object.entries(manifest.peerDependencies).map(([name, range]) => [
      name,
      Number(/\d+/.exec(range)?.[0]),
    ]);
    expect(packages).toEqual(Object.fromEntries(majors));
  });

  it('is every variable of ours that a source reads', () => {
    const packages = new URL('../../../', import.meta.url);
    const read = new Set<string>();
    for (const name of readdirSync(packages, { recursive: true, encoding: 'utf8' })) {
      if (!/^[a-z]+[\\/]src[\\/].*\.ts$/.test(name) || /\.(test|fixture|contract)\.ts$/.test(name)) continue;
      const text = readFileSync(new URL(name, packages), 'utf8');
      for (const [variable] of text.matchAll(
        /NEURODEX_[A-Z_]+|\b(?:HF|WANDB|MLFLOW|AWS)_[A-Z_]{3,}(?:_S3)?(?![A-Z_\d])/g,
      ))
        read.add(variable);
    }
    const told = [...read].filter(
      (name) => !/^(NEURODEX_(TEST_|REQUIRE_|PRIVATE_|$)|WANDB_VERSION$)/.test(name) && !/_$/.test(name),
    );
    expect(told.filter((name) => !Object.hasOwn(VARIABLES, name))).toEqual([]);
  });
});
