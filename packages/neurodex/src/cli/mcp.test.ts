import { describe, expect, it, vi } from 'vitest';
import type { Diagnosis } from '../doctor/doctor.ts';
import { jsonError, runCli } from './test-io.fixture.ts';

describe('neurodex mcp', () => {
  const asked = async (argv: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const serveMcp = vi.fn(async (_options: object) => {});
    const outcome = await runCli(['mcp', ...argv], { jobs: { serveMcp }, io: { env } });
    const [options] = serveMcp.mock.calls[0] ?? [];
    return { ...outcome, options };
  };

  it('speaks over standard output, to which it writes nothing itself', async () => {
    const { status, stdout, options } = await asked(['photos.index', 's3://indexes/maps'], {
      NEURODEX_TOKEN: 'secret',
    });
    expect([status, stdout]).toEqual([0, '']);
    expect(options).toMatchObject({
      indexes: ['/home/somebody/photos.index', 's3://indexes/maps'],
      transport: { kind: 'stdio' },
      allowChanges: false,
      limits: { searchSeconds: 30 },
    });
    expect((await asked(['photos.index', '--json', '--allow-changes', '--timeout', '5'])).options).toMatchObject({
      allowChanges: true,
      limits: { searchSeconds: 5 },
    });
  });

  it('listens where a port is given, with the token of the flag or of the environment', async () => {
    const transportOf = async (argv: readonly string[], env?: Readonly<Record<string, string>>) =>
      ((await asked(['photos.index', '--port', '0', ...argv], env)).options as unknown as { transport: object })
        .transport;
    expect(await transportOf([], { NEURODEX_TOKEN: ' secret ' })).toEqual({
      ...{ kind: 'http', port: 0, host: '127.0.0.1', token: 'secret', allowHosts: [], open: false },
    });
    expect(await transportOf(['--token', 'a', '--allow-host', 'one', '--allow-host', 'two'])).toMatchObject({
      ...{ token: 'a', allowHosts: ['one', 'two'] },
    });
    expect(await transportOf(['--no-token'], { NEURODEX_TOKEN: 'secret' })).toMatchObject({
      token: undefined,
      open: true,
    });
  });

  it.each(['--host=::1', '--token=a', '--no-token', '--allow-host=a'])('refuses %s without a port', async (flag) => {
    const outcome = await asked(['photos.index', flag, '--json']);
    expect(outcome.status).toBe(2);
    expect(jsonError(outcome).message).toContain(`${flag.split('=')[0]} goes with --port`);
  });

  it('tells a person at a terminal that a client is to start it', async () => {
    const stdout = { write: () => {}, isTTY: true };
    const { stderr } = await runCli(['mcp', 'photos.index'], { jobs: { serveMcp: async () => {} }, io: { stdout } });
    expect(stderr).toContain('a client starts this command');
  });
});

describe('neurodex doctor', () => {
  const diagnosis = (status: Diagnosis['status']): Diagnosis => ({
    status,
    findings: [
      { name: 'node', status: 'ok', message: 'version 22.1.0', hint: null, facts: {} },
      { name: 'cache', status, message: '/cache is full', hint: status === 'ok' ? null : 'free some space', facts: {} },
    ],
  });
  const run = (status: Diagnosis['status'], ...flags: readonly string[]) =>
    runCli(['doctor', ...flags], { jobs: { diagnose: async () => diagnosis(status) } });

  it('ends with 1 for a problem alone', async () => {
    expect((await run('ok')).status).toBe(0);
    expect((await run('ok')).stdout).toMatch(/^ok {7}node {3}version 22.1.0\n[\s\S]*Neurodex can work here\.\n$/);
    const warned = await run('warning');
    expect([warned.status, warned.stderr]).toEqual([0, '']);
    expect(warned.stdout).toMatch(
      /^warning {2}cache {2}\/cache is full\n +→ free some space\n\n0 problems, 1 warning\n$/m,
    );
    const failed = await run('problem', '--json');
    expect([failed.status, JSON.parse(failed.stdout)]).toEqual([1, diagnosis('problem')]);
    expect(jsonError(failed)).toMatchObject({
      code: 'machine-unfit',
      message: 'cache: /cache is full',
      hint: 'free some space',
    });
  });
});
