import { NeurodexError } from '@neurodex/core';
import { describe, expect, it, vi } from 'vitest';
import type { ServeOptions } from '../../server/serve.ts';
import { runCli } from '../test-io.fixture.ts';

const OUT = '/home/somebody/neurodex-demo';
const result = {
  evaluation: {
    catalogue: 128,
    queries: 64,
    withoutRelevant: 0,
    protocol: 'full' as const,
    systems: { dsi: { RR: 0.75 } },
    intervals: { dsi: { RR: [0.7, 0.8] as const } },
  },
  contactSheet: `${OUT}/contact-sheet.png`,
  learningCurve: `${OUT}/learning-curve.svg`,
  index: `${OUT}/index`,
  tryNext: `${OUT}/queries/apple.png`,
};

/** Runs the demo, whose server stops as soon as it has told where it listens. */
async function demo(
  flags: readonly string[],
  { isTTY = true, env = { DISPLAY: ':0' } as Record<string, string>, taken = false } = {},
) {
  const serve = vi.fn(async ({ port, onListening }: ServeOptions) => {
    if (taken && port !== 0) throw new NeurodexError('address-unavailable', 'another program listens there');
    const address = `http://127.0.0.1:${port === 0 ? 41_234 : port}`;
    onListening?.(address);
    return { address, requests: 3, seconds: 7 };
  });
  const launch = vi.fn(async () => {});
  let stdout = '';
  const write = (text: string) => {
    stdout += text;
  };
  const outcome = await runCli(['demo', ...flags], {
    jobs: { runDemo: async () => result, serve },
    io: { env, launch, platform: 'linux', stdout: { isTTY, write } },
  });
  return { ...outcome, stdout, serve, launch };
}

describe('demo in a terminal', () => {
  it('serves its pages on this machine and opens them, until it is stopped', async () => {
    const { status, stdout, stderr, serve, launch } = await demo([]);
    expect([status, stderr]).toEqual([0, '']);
    expect(serve).toHaveBeenCalledOnce();
    expect(serve.mock.calls[0]?.[0]).toMatchObject({
      indexes: [`${OUT}/index`],
      port: 8080,
      host: '127.0.0.1',
      open: false,
      workers: 1,
      device: 'cpu',
    });
    expect(serve.mock.calls[0]?.[0]).not.toHaveProperty('writeToken');
    expect(launch.mock.calls).toEqual([[{ command: 'xdg-open', args: ['http://127.0.0.1:8080'] }]]);
    expect(stdout.indexOf('Look at it in pages:')).toBeLessThan(stdout.indexOf('Its pages are at'));
    expect(stdout).toContain('\nIts pages are at http://127.0.0.1:8080, until Ctrl-C.\n');
    expect(stdout.trimEnd()).toMatch(/To open them again: {2}npx neurodex serve neurodex-demo\/index$/);
  });

  it('takes any other port where another program has the usual one', async () => {
    const { status, stdout, serve, launch } = await demo([], { taken: true });
    expect([status, serve.mock.calls.map(([{ port }]) => port)]).toEqual([0, [8080, 0]]);
    expect(stdout).toContain('Its pages are at http://127.0.0.1:41234');
    expect(launch.mock.calls).toEqual([[{ command: 'xdg-open', args: ['http://127.0.0.1:41234'] }]]);
  });

  it('says where they are where there is no display', async () => {
    const { status, stdout, launch } = await demo([], { env: {} });
    expect([status, launch.mock.calls]).toEqual([0, []]);
    expect(stdout).toContain('Its pages are at http://127.0.0.1:8080, until Ctrl-C.\n');
    expect(stdout).toContain('Open that address in a browser: it was not opened, because there is no display');
  });

  it.each([
    ['--no-open', ['--no-open'], {}],
    ['--json', ['--json'], {}],
    ['no terminal', [], { isTTY: false }],
  ] as const)('ends when it is made: %s', async (_, flags, options) => {
    const { status, serve, launch, stdout } = await demo(flags, options);
    expect(status).toBe(0);
    expect([serve.mock.calls, launch.mock.calls]).toEqual([[], []]);
    expect(stdout).not.toContain('Its pages are at');
  });

  it('serves nothing where it was stopped or failed', async () => {
    const serve = vi.fn();
    const runDemo = async () => {
      throw new NeurodexError('interrupted', 'interrupted');
    };
    const stdout = { isTTY: true, write: () => {} };
    const { status } = await runCli(['demo'], { jobs: { runDemo, serve }, io: { stdout } });
    expect([status, serve.mock.calls]).toEqual([1, []]);
  });
});
