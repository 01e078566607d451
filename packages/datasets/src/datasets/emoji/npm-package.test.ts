import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NeurodexError } from '@neurodex/core';
import { create } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheFolder } from '../cache.ts';
import { fetchPackage, npmComplaint, type PinnedPackage, packageFolder } from './npm-package.ts';

let root = '';
let pinned: PinnedPackage;

const integrityOf = async (file: string): Promise<string> =>
  `sha512-${createHash('sha512')
    .update(await readFile(file))
    .digest('base64')}`;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'neurodex-npm-'));
  const local = join(root, 'local');
  await mkdir(join(local, 'data'), { recursive: true });
  const manifest = {
    name: '@neurodex-test/local',
    version: '1.0.0',
    scripts: { prepack: 'node -e "process.exit(9)"' },
  };
  await writeFile(join(local, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(local, 'data', 'icons.json'), '{"a":1}');
  await writeFile(join(local, 'other.txt'), 'not needed');
  // npm itself makes the archive whose integrity is pinned: it is reproducible.
  execFileSync('npm', ['pack', local, '--ignore-scripts', '--pack-destination', root], { stdio: 'ignore' });
  const archive = join(root, 'neurodex-test-local-1.0.0.tgz');
  pinned = {
    name: '@neurodex-test/local',
    version: '1.0.0',
    integrity: await integrityOf(archive),
    files: ['package.json', 'data/icons.json'],
    spec: local,
  };
}, 60_000);
afterAll(() => rm(root, { recursive: true, force: true }));

async function failure(promise: Promise<unknown>): Promise<NeurodexError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NeurodexError);
  return error as NeurodexError;
}

/** Stands in for npm where npm cannot be made to fail at will: prints a line, hands over an archive, or exits. */
async function stub(name: string, body: string): Promise<readonly [string, string]> {
  const path = join(root, `${name}.mjs`);
  const head = `import { copyFileSync } from 'node:fs'; const to = process.argv.at(-1);\n`;
  await writeFile(path, head + body);
  return [process.execPath, path];
}

describe('fetchPackage', () => {
  it('fetches by npm pack, verifies, unpacks what is needed, and then works from the cache', async () => {
    const cache = join(root, 'cache-1');
    const folder = await fetchPackage(pinned, { cache });
    expect(await readFile(join(folder, 'data', 'icons.json'), 'utf8')).toBe('{"a":1}');
    expect((await readdir(folder)).sort()).toEqual(['data', 'package.json']);
    expect(await readdir(join(cache, 'packages'))).toEqual([folder.split(/[\\/]/).at(-1)]);
    const broken = await stub('never', 'process.exit(1)');
    expect(await fetchPackage(pinned, { cache, npm: broken })).toBe(folder);

    // A cache that lost a file is mended.
    await rm(join(folder, 'data'), { recursive: true });
    expect(await fetchPackage(pinned, { cache })).toBe(folder);
    expect(await readFile(join(folder, 'data', 'icons.json'), 'utf8')).toBe('{"a":1}');
  });

  it('lets two fetches of one package end well', async () => {
    const cache = join(root, 'cache-2');
    const copy = await stub(
      'copy',
      `copyFileSync(${JSON.stringify(join(root, 'neurodex-test-local-1.0.0.tgz'))}, to + '/x.tgz');
       console.log(JSON.stringify([{ filename: 'x.tgz' }]));`,
    );
    const [a, b] = await Promise.all([1, 2].map(() => fetchPackage(pinned, { cache, npm: copy })));
    expect(a).toBe(b);
    expect(await readdir(join(cache, 'packages'))).toHaveLength(1);
  });

  it('refuses other contents and leaves nothing behind', async () => {
    const cache = join(root, 'cache-3');
    const error = await failure(fetchPackage({ ...pinned, integrity: 'sha512-AAAA' }, { cache }));
    expect(error.code).toBe('package-unavailable');
    expect(error.message).toMatch(/@neurodex-test\/local@1\.0\.0 is not what it should be.*expected sha512-AAAA/);
    expect(await readdir(join(cache, 'packages'))).toEqual([]);
  });

  it('says what npm said', async () => {
    const cache = join(root, 'cache-4');
    const error = await failure(fetchPackage({ ...pinned, spec: join(root, 'absent') }, { cache }));
    expect(error.code).toBe('package-unavailable');
    expect(error.message).toMatch(/cannot be fetched: .*absent/);
    expect(error.hint).toMatch(/network/);
  });

  it('says so when npm is not there, or its answer makes no sense', async () => {
    const cache = join(root, 'cache-5');
    const absent = await failure(fetchPackage(pinned, { cache, npm: [join(root, 'no-npm')] }));
    expect(absent.message).toMatch(/npm could not be started \(ENOENT\)/);
    const odd = await failure(fetchPackage(pinned, { cache, npm: await stub('odd', 'console.log("hello")') }));
    expect(odd.message).toMatch(/answer that is not understood/);
  });

  it('stops when asked to', async () => {
    const controller = new AbortController();
    const npm = await stub('slow', 'setTimeout(() => {}, 30_000);');
    const fetching = failure(fetchPackage(pinned, { cache: join(root, 'cache-6'), npm, signal: controller.signal }));
    setTimeout(() => controller.abort(), 100);
    expect((await fetching).code).toBe('interrupted');
  });

  it('never unpacks links, nor what leads out of the folder, nor less than what is needed', async () => {
    const evil = join(root, 'evil');
    await mkdir(join(evil, 'package'), { recursive: true });
    await writeFile(join(evil, 'package', 'package.json'), '{}');
    await symlink('/etc/hostname', join(evil, 'package', 'icons.json'));
    await writeFile(join(evil, 'outside.json'), '{}');
    const archive = join(root, 'evil.tgz');
    await create({ file: archive, cwd: evil, gzip: true, preservePaths: true }, ['package', 'package/../outside.json']);
    const npm = await stub(
      'evil',
      `copyFileSync(${JSON.stringify(archive)}, to + '/x.tgz'); console.log(JSON.stringify([{ filename: 'x.tgz' }]));`,
    );
    const integrity = await integrityOf(archive);
    const fetchFiles = (files: string[]) =>
      failure(fetchPackage({ ...pinned, integrity, files }, { cache: join(root, 'cache-7'), npm }));
    expect((await fetchFiles(['icons.json'])).message).toMatch(/package\/icons\.json is not a regular file/);
    expect((await fetchFiles(['../outside.json'])).message).toMatch(/outside\.json is missing/);
    expect((await fetchFiles(['package.json', 'absent.json'])).message).toMatch(/absent\.json is missing/);
    expect(await readdir(join(root, 'cache-7', 'packages'))).toEqual([]);
  });

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)('names a cache it may not write', async () => {
    const cache = join(root, 'locked');
    await mkdir(cache);
    await chmod(cache, 0o500);
    expect((await failure(fetchPackage(pinned, { cache }))).code).toBe('output-unwritable');
  });

  it('gives another pin another folder', () => {
    const other = { ...pinned, integrity: 'sha512-AAAA' };
    expect(packageFolder(other, '/c')).not.toBe(packageFolder(pinned, '/c'));
  });
});

describe('npmComplaint', () => {
  it('takes the summary, else the first sentence', () => {
    const stderr = [
      'npm warn Unknown user config "x".',
      'npm error code ENOTFOUND',
      'npm error errno ENOTFOUND',
      'npm error network request to https://packages.example/a failed, reason: getaddrinfo ENOTFOUND packages.example',
      'npm error network This is a problem related to network connectivity.',
      'npm error A complete log of this run can be found in: /home/u/.npm/_logs/2024-debug-0.log',
      '',
    ].join('\n');
    expect(npmComplaint('', stderr)).toMatch(/^network request to .* ENOTFOUND packages\.example$/);
    expect(npmComplaint('{"error":{"code":"E404","summary":"Not Found\\n"}}', stderr)).toBe('Not Found');
    expect(npmComplaint('', '')).toBe('npm gave no reason');
  });
});

describe('cacheFolder', () => {
  it('honours NEURODEX_CACHE, XDG_CACHE_HOME and the platform', () => {
    expect(cacheFolder({ NEURODEX_CACHE: '/own' }, 'linux', '/home/u')).toBe('/own');
    expect(cacheFolder({}, 'linux', '/home/u')).toBe('/home/u/.cache/neurodex');
    expect(cacheFolder({ XDG_CACHE_HOME: '/x' }, 'linux', '/home/u')).toBe('/x/neurodex');
    expect(cacheFolder({ XDG_CACHE_HOME: 'relative' }, 'linux', '/home/u')).toBe('/home/u/.cache/neurodex');
    expect(cacheFolder({}, 'darwin', '/Users/u')).toBe('/Users/u/Library/Caches/neurodex');
    expect(cacheFolder({ LOCALAPPDATA: '/L' }, 'win32', '/u')).toBe(join('/L', 'neurodex'));
  });
});
