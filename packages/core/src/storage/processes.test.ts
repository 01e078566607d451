import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HERE, isAlive, mayRun, startOf } from './processes.ts';

afterEach(() => vi.restoreAllMocks());

const dead = (): number => spawnSync(process.execPath, ['-e', '']).pid;

it('this place is called by what the system says of it', () => {
  expect(HERE.host).toBe(hostname());
  if (process.platform !== 'linux') return;
  expect(HERE.boot).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  expect(HERE.namespace).toMatch(/^pid:\[\d+\]$/);
});

it('a process is alive until it has ended, that of another user too', () => {
  expect(isAlive(process.pid)).toBe(true);
  expect(isAlive(dead())).toBe(false);
  for (const [code, alive] of [
    ['EPERM', true],
    ['ESRCH', false],
  ] as const) {
    const asked = vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error(code), { code });
    });
    expect(isAlive(1)).toBe(alive);
    // Signal 0 ends nothing.
    expect(asked).toHaveBeenLastCalledWith(1, 0);
  }
});

describe.skipIf(process.platform !== 'linux')('on Linux', () => {
  it('a process has a start, which is field 22 of its status', () => {
    const fields = readFileSync('/proc/self/stat', 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    expect(startOf(process.pid)).toBe(fields[22 - 3]);
    expect(startOf(dead())).toBeNull();
  });

  it('only of what can be known from here a process is said to have ended', () => {
    const ended = dead();
    const started = startOf(process.pid);
    for (const [may, pid, start, place] of [
      [true, process.pid, started, HERE],
      [true, process.pid, null, HERE],
      [false, process.pid, '1', HERE],
      [false, ended, null, HERE],
      [true, ended, null, { ...HERE, host: 'elsewhere' }],
      [true, ended, null, { ...HERE, namespace: 'other' }],
      [false, ended, null, { host: HERE.host }],
      [false, ended, null, { ...HERE, machine: null, boot: null, namespace: null }],
      [false, process.pid, started, { ...HERE, boot: 'earlier' }],
      [false, process.pid, started, { ...HERE, boot: 'earlier', namespace: 'other' }],
      [true, process.pid, started, { host: HERE.host }],
    ] as const) {
      expect([may, mayRun(pid, start, place)]).toEqual([may, may]);
    }
    const elsewhere = mayRun(ended, null, { ...HERE, machine: 'other', boot: 'earlier' });
    // A machine without a number may be the one that is meant.
    expect(elsewhere).toBe(HERE.machine !== null);
  });
});
