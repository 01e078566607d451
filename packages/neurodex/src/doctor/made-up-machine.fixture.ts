import type { Machine, NativeParts } from './machine.ts';

/** A machine on which all is well, but for what a test says otherwise. */
export function madeUpMachine({
  files = {},
  native = {},
  ...others
}: Partial<Omit<Machine, 'native' | 'read'>> & {
  /** What can be read, by path. */
  readonly files?: Readonly<Record<string, string>>;
  readonly native?: Partial<NativeParts>;
} = {}): Machine {
  return {
    ...{ version: '1.2.3', node: '22.1.0', platform: 'linux', architecture: 'x64', release: '6.1', libc: 'glibc' },
    ...{ environment: {}, threads: 8, memory: 16 * 2 ** 30, cacheFolder: '/home/me/.cache/neurodex' },
    temporaryFolder: '/tmp',
    native: {
      engine: async () => ({ version: '1.30.0', devices: ['cpu', 'cuda'] }),
      compute: async () => undefined,
      pictures: async () => ({ sharp: '0.35.5', libvips: '8.18.7' }),
      decode: async () => undefined,
      ...native,
    },
    read: async (path) => files[path],
    freeDisk: async () => 100 * 2 ** 30,
    whyUnwritable: async () => undefined,
    sizeOf: async () => undefined,
    openFiles: async () => 20_000,
    packageVersion: async () => undefined,
    ...others,
  };
}
