import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coreLimit, memoryLimit } from './container-limits.ts';
import { madeUpMachine } from './made-up-machine.fixture.ts';

const limits = async (files: Readonly<Record<string, string>>, platform: NodeJS.Platform = 'linux') => {
  const machine = madeUpMachine({ files, platform });
  return [await coreLimit(machine), await memoryLimit(machine)];
};

describe('control groups', () => {
  it('of version 2 limit by the least of a group and those above it', async () => {
    const files = {
      '/proc/self/cgroup': '0::/user.slice/work.scope\n',
      '/sys/fs/cgroup/user.slice/work.scope/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/user.slice/cpu.max': '250000 100000\n',
      '/sys/fs/cgroup/user.slice/work.scope/memory.max': '4294967296\n',
      '/sys/fs/cgroup/user.slice/memory.max': 'max\n',
    };
    expect(await limits(files)).toEqual([2.5, 4294967296]);
  });

  it('of version 1 limit by controllers, also where the path is that outside of the container', async () => {
    const files = {
      '/proc/self/cgroup': '9:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/docker/abc\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '1073741824\n',
    };
    expect(await limits(files)).toEqual([0.5, 1073741824]);
  });

  it('without limits are none', async () => {
    const none = {
      '/proc/self/cgroup': '9:cpu:/\n4:memory:/\n0::/\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
      '/sys/fs/cgroup/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/memory.max': 'max\n',
    };
    expect(await limits(none)).toEqual([undefined, undefined]);
    expect(await limits({})).toEqual([undefined, undefined]);
  });

  it('are of Linux alone', async () => {
    const files = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': '1024\n' };
    for (const platform of ['darwin', 'win32'] as const)
      expect(await limits(files, platform)).toEqual([undefined, undefined]);
  });

  it('end with an answer, whatever the files hold', async () => {
    const texts = fc.dictionary(
      fc.constantFrom(
        '/proc/self/cgroup',
        '/sys/fs/cgroup/cpu.max',
        '/sys/fs/cgroup/memory.max',
        '/sys/fs/cgroup/a/cpu.max',
      ),
      fc.oneof(fc.string(), fc.constant('0::/a'), fc.constant('0::a/../..'), fc.constant('1:cpu:relative')),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (files) => {
        for (const limit of await limits(files)) {
          if (limit !== undefined) expect(limit > 0 && Number.isFinite(limit)).toBe(true);
        }
      }),
    );
  });
});
