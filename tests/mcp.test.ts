import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeIndex } from '../packages/neurodex/src/server/served.fixture.ts';

/** `neurodex mcp` as a client starts it: a process that is spoken to over its own input and output. */
const bin = fileURLToPath(new URL('../packages/neurodex/bin/neurodex.js', import.meta.url));
let root = '';
let index = '';
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'neurodex-mcp-process-'));
  index = await makeIndex(root, 'shapes', { written: true });
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe.each(['legacy', 'auto'] as const)('a client that begins with the %s protocol', (mode) => {
  it('starts it, searches by a path, and stops it', async () => {
    const client = new Client({ name: 'tests', version: '1' }, { versionNegotiation: { mode } });
    const transport = new StdioClientTransport({
      ...{ command: process.execPath, args: [bin, 'mcp', index, '--allow-changes', '--quiet'], stderr: 'pipe' },
    });
    await client.connect(transport, { timeout: 120_000 });
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['search', 'explain', 'view', 'duplicates', 'add']);
    const file = join(root, 'pictures of shapes', 'class 2', '2-1.png');
    const found = await client.callTool({ name: 'search', arguments: { file, k: 2 } });
    expect(found.structuredContent).toMatchObject({ index: 'shapes', answers: [{ rank: 1 }, { rank: 2 }] });
    await client.close();
  }, 180_000);
});

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param talk writes to its input, and ends it or sends a signal, when its output has grown */
function run(args: readonly string[], talk: (child: ReturnType<typeof spawn>, stdout: string) => void): Promise<Ended> {
  const child = spawn(process.execPath, [bin, 'mcp', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
    talk(child, stdout);
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  talk(child, '');
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, stdout, stderr })));
}

const message = (id: number, method: string, params: object): string =>
  `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;
const hello = message(1, 'initialize', {
  ...{ protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'tests', version: '1' } },
});

describe('the process', () => {
  it('writes nothing but messages to standard output, also for what is no message, and ends with its client', async () => {
    const { status, stdout, stderr } = await run([index], (child, said) => {
      if (said === '') child.stdin?.write(`${hello}this is no message\n`);
      else if (said.includes('"id":1') && !said.includes('"id":2')) {
        child.stdin?.write(message(2, 'tools/call', { name: 'search', arguments: { file: '/nowhere.png' } }));
      } else if (said.includes('"id":2')) child.stdin?.end();
    });
    expect(status, stderr).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
    expect(lines.at(-1)).toContain('picture-missing: ');
    expect(stderr).toContain('as tools on standard input and output');
  }, 120_000);

  it('ends when it is told to', async () => {
    const { status } = await run([index], (child, said) => {
      if (said === '') child.stdin?.write(hello);
      else child.kill('SIGTERM');
    });
    expect(status).toBe(0);
  }, 120_000);

  it.each([
    [['nowhere.index'], 1, 'nowhere.index'],
    [[], 2, 'indexes'],
    [['.', '--host', '0.0.0.0'], 2, '--host goes with --port'],
    [['.', '--port', '0', '--host', '0.0.0.0'], 2, 'there is no token'],
    [['.', '--port', '0', '--allow-changes'], 2, 'over HTTP every program of this machine could change the indexes'],
  ])('says what is wrong with %j, and nothing on standard output', async (args, status, words) => {
    const ended = await run(args, (child) => child.stdin?.end());
    expect([ended.status, ended.stdout]).toEqual([status, '']);
    expect(ended.stderr).toContain(words);
  });
});
