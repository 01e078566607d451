import { silentReporter } from '@neurodex/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diagnose } from './doctor.ts';
import { variables } from './environment.ts';
import type { Finding } from './finding.ts';
import { madeUpMachine } from './made-up-machine.fixture.ts';

const GIB = 2 ** 30;
type MadeUp = Parameters<typeof madeUpMachine>[0];

async function findingsOn(machine: MadeUp, device = 'cpu'): Promise<readonly Finding[]> {
  const diagnosis = await diagnose({
    environment: {},
    device,
    reporter: silentReporter,
    machine: madeUpMachine(machine),
  });
  return diagnosis.findings;
}
/** The findings of one thing: their statuses, messages and hints. */
const told = async (name: string, machine: MadeUp, device?: string): Promise<string[]> =>
  (await findingsOn(machine, device))
    .filter((finding) => finding.name === name)
    .map(({ status, message, hint }) => `${status}: ${message}${hint === null ? '' : ` (${hint})`}`);
const cannot = (message: string) => async (): Promise<never> => {
  throw new Error(message);
};

describe('a machine on which all is well', () => {
  it('is found to be so, on each platform', async () => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      const architecture = platform === 'darwin' ? 'arm64' : 'x64';
      const findings = await findingsOn({ platform, architecture, libc: platform === 'linux' ? 'glibc' : undefined });
      expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
      expect(findings.every(({ hint }) => hint === null)).toBe(true);
    }
  });

  it('is told as well as its worst finding', async () => {
    const statusOf = async (machine: MadeUp) =>
      (await diagnose({ environment: {}, device: 'cpu', reporter: silentReporter, machine: madeUpMachine(machine) }))
        .status;
    expect(await statusOf({})).toBe('ok');
    expect(await statusOf({ memory: GIB })).toBe('warning');
    expect(await statusOf({ memory: GIB, node: '18.0.0' })).toBe('problem');
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort();
    const machine = madeUpMachine();
    const asked = diagnose({ environment: {}, device: 'cpu', reporter: silentReporter, machine, signal });
    await expect(asked).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('the platform', () => {
  it.each([
    ['20.18.3', 'problem'],
    ['20.19.0', 'ok'],
    ['20.20.1', 'ok'],
    ['22.0.0', 'ok'],
    ['9.99.9', 'problem'],
    ['21.0.0-nightly', 'ok'],
  ])('with Node %s is %s', async (node, status) => {
    expect((await told('node', { node }))[0]).toMatch(new RegExp(`^${status}: `));
  });

  it.each([
    [{ libc: 'musl' } as const, /^problem: Linux 6.1 on x64 has musl.*Debian/],
    [{ platform: 'darwin', architecture: 'x64', libc: undefined } as const, /^warning: macOS .*Intel/],
    [{ platform: 'freebsd', libc: undefined } as const, /^warning: freebsd 6.1 on x64/],
    [{ platform: 'win32', architecture: 'arm64', libc: undefined } as const, /^ok: Windows 6.1 on arm64$/],
  ])('%j', async (machine, expected) => {
    expect((await told('platform', machine))[0]).toMatch(expected);
  });
});

describe('native parts', () => {
  it.each([
    [
      "/lib/libm.so.6: version `GLIBC_2.38' not found",
      'linux',
      /^problem: ONNX Runtime cannot be loaded: .*\(the system is too old/,
    ],
    ['The specified module could not be found.\\onnx', 'win32', /Visual C\+\+ Redistributable/],
    [
      "Cannot find module 'onnxruntime-node'\nRequire stack",
      'linux',
      /^problem: ONNX Runtime cannot be loaded: Cannot find module 'onnxruntime-node' \(install again/,
    ],
  ] as const)('say why they cannot be loaded: %j', async (message, platform, expected) => {
    const native = { engine: cannot(message) };
    expect((await told('onnx', { platform, native, libc: undefined }))[0]).toMatch(expected);
    // What cannot be loaded is not tried.
    expect(await told('device', { platform, native, libc: undefined })).toEqual([]);
  });

  it('say that a graph fails, or computes what it should not', async () => {
    const native = { compute: cannot('the device cuda cannot be used here: no driver') };
    expect(await told('device', { native }, 'cuda')).toEqual([
      'problem: no graph runs on cuda: the device cuda cannot be used here: no driver (run on the CPU, as all commands do by default, or install the drivers of the device)',
    ]);
    const wrong = { compute: async () => '0 0 0 0 in place of 19 22 43 50' };
    expect((await told('device', { native: wrong }))[0]).toMatch(/^problem: a graph on cpu computed 0 0 0 0/);
  });

  it('say that pictures cannot be decoded', async () => {
    const missing = {
      pictures: cannot('Could not load the "sharp" module using the linux-x64 runtime\nPossible solutions:'),
    };
    expect((await told('pictures', { native: missing }))[0]).toMatch(
      /^problem: sharp, .*linux-x64 runtime \(install again/,
    );
    const wrong = { decode: async () => 'its pixels are others' };
    expect((await told('pictures', { native: wrong }))[0]).toMatch(/^problem: .*its pixels are others/);
  });
});

describe('limits', () => {
  const v2 = (more: Readonly<Record<string, string>>) => ({ files: { '/proc/self/cgroup': '0::/\n', ...more } });

  it('of cores: threads that wait for each other', async () => {
    expect(await told('processor', { threads: 8 })).toEqual(['ok: 8 cores']);
    expect(await told('processor', { ...v2({ '/sys/fs/cgroup/cpu.max': '200000 100000\n' }), threads: 2 })).toEqual([
      'ok: 2 cores, of which it may use 2',
    ]);
    expect(
      (await told('processor', { ...v2({ '/sys/fs/cgroup/cpu.max': '150000 100000\n' }), threads: 8 }))[0],
    ).toMatch(/^warning: 8 threads compute, and the limit of the container is 1.5 cores/);
  });

  it('of cores: as many threads as are asked for', async () => {
    const limited = { ...v2({ '/sys/fs/cgroup/cpu.max': '150000 100000\n' }), threads: 8 };
    const asked = (threads: string) => told('processor', { ...limited, environment: { NEURODEX_THREADS: threads } });
    expect(await asked('2')).toEqual(['ok: 8 cores, of which it may use 1.5; NEURODEX_THREADS: 2']);
    expect((await asked('3'))[0]).toMatch(/^warning: 3 threads compute, and .* \(set NEURODEX_THREADS to 2, or/);
    expect((await asked('many'))[0]).toMatch(/^warning: 8 threads compute/);
    expect(await told('environment', { environment: { NEURODEX_THREADS: 'many' } })).toEqual([
      'ok: NEURODEX_THREADS=many',
      expect.stringMatching(/^problem: NEURODEX_THREADS is "many", not a whole number/),
    ]);
  });

  it('of memory: the least of all', async () => {
    expect(await told('memory', {})).toEqual(['ok: 16.0 GiB']);
    const limited = (bytes: number) => v2({ '/sys/fs/cgroup/memory.max': `${bytes}\n` });
    expect(await told('memory', limited(4 * GIB))).toEqual(['ok: 4.0 GiB, the limit of the container, of 16.0 GiB']);
    expect((await told('memory', limited(GIB)))[0]).toMatch(
      /^warning: 1.0 GiB, the limit .* is little.*\(give it 2 GiB/,
    );
    expect((await told('memory', { memory: GIB }))[0]).toMatch(/^warning: 1.0 GiB is little/);
  });

  it('of open files', async () => {
    expect((await told('files', { openFiles: async () => 256 }))[0]).toMatch(/^warning: only 256 .*ulimit -n 4096/);
    expect((await told('files', { openFiles: async () => undefined }))[0]).toMatch(/^ok: no limit/);
  });
});

describe('folders', () => {
  it('tell what the cache has, and what room there is', async () => {
    expect(await told('cache', {})).toEqual([
      'ok: /home/me/.cache/neurodex is not there yet; 100.0 GiB are free on its disk',
    ]);
    const sizeOf = async () => ({ bytes: 3 * 2 ** 20, files: 1, isWhole: true });
    expect((await told('cache', { sizeOf }))[0]).toMatch(/has 3.0 MiB in 1 file; /);
    const sizeOfMany = async () => ({ bytes: 3 * GIB, files: 9, isWhole: false });
    expect((await told('cache', { sizeOf: sizeOfMany }))[0]).toMatch(/has more than 3.0 GiB in 9 files; /);
    expect((await told('cache', { freeDisk: async () => GIB }))[0]).toMatch(/^warning: .*only 1.0 GiB are free/);
    expect((await told('cache', { freeDisk: async () => undefined }))[0]).toMatch(/^ok: .*yet$/);
  });

  it('that cannot be written are problems, each with what to set', async () => {
    const whyUnwritable = async () => 'EACCES';
    expect((await told('cache', { whyUnwritable }))[0]).toMatch(/^problem: .*EACCES \(set NEURODEX_CACHE/);
    expect((await told('temporary', { whyUnwritable }))[0]).toMatch(/\(set TMPDIR/);
    expect((await told('temporary', { whyUnwritable, platform: 'win32', libc: undefined }))[0]).toMatch(/\(set TEMP/);
  });
});

describe('optional parts', () => {
  const having = (versions: Readonly<Record<string, string>>) => ({
    packageVersion: async (name: string) => versions[name],
  });

  it('may be missing, but not by half, nor in another version', async () => {
    expect((await told('usearch', {}))[0]).toMatch(
      /^ok: not installed: bovw compares all pictures \(npm install usearch@2/,
    );
    expect(await told('usearch', having({ usearch: '2.25.3' }))).toEqual(['ok: usearch 2.25.3']);
    expect((await told('queue in Redis', having({ bullmq: '6.7.0' })))[0]).toBe(
      'warning: bullmq 6.7.0 without ioredis (npm install bullmq@6 ioredis@5)',
    );
    expect((await told('queue in Redis', having({ bullmq: '5.0.0', ioredis: '5.11.1' })))[0]).toMatch(
      /^warning: bullmq 5.0.0, ioredis 5.11.1, and version bullmq 6 is what it was made for/,
    );
  });
});

describe('the environment', () => {
  const environmentOf = (environment: Readonly<Record<string, string>>) => told('environment', { environment });

  it('is told as far as it is ours', async () => {
    expect(await environmentOf({ PATH: '/bin', HOME: '/home/me' })).toEqual(['ok: none of its variables is set']);
    expect(await environmentOf({ NEURODEX_CACHE: '/cache', https_proxy: 'me:pass@proxy:3128' })).toEqual([
      'ok: NEURODEX_CACHE=/cache, HTTPS_PROXY=proxy:3128',
    ]);
  });

  it.each([
    [{ NEURODEX_CASHE: '/cache' }, /^warning: nothing reads NEURODEX_CASHE \(did you mean NEURODEX_CACHE\?\)/],
    [{ NEURODEX_TOKEN: ' ' }, /^warning: NEURODEX_TOKEN is set and empty/],
    [{ NEURODEX_CACHE: 'cache' }, /^warning: NEURODEX_CACHE is cache, another folder wherever you are/],
    [{ HF_ENDPOINT: 'http://' }, /^warning: HF_ENDPOINT is no address/],
  ])('%j is set in vain', async (environment, expected) => {
    expect((await environmentOf(environment))[1]).toMatch(expected);
  });

  it('has secrets, which nobody is told', async () => {
    const secrets = variables().filter(([, { isSecret, isAddress }]) => isSecret || isAddress);
    const secret = fc.stringMatching(/^[a-z0-9]{12,20}$/).map((text) => `S3CR3T${text}`);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...secrets), secret, async ([name, { isAddress }], text) => {
        for (const value of isAddress ? [`http://me:${text}@host:1`, `me:${text}@host`, `${text} @`] : [text]) {
          const findings = await findingsOn({ environment: { [name]: value } });
          expect(JSON.stringify(findings)).not.toContain(text);
          expect(JSON.stringify(findings)).toContain(name);
        }
      }),
      { numRuns: 60 },
    );
  });
});
