import { NeurodexError } from '@neurodex/core';
import type { Command } from 'commander';
import { DEFAULT_LIMITS } from '../../server/limits.ts';
import { collected, isAddress, text, wholeNumber } from '../arguments.ts';
import {
  type CommonFlags,
  type Context,
  type DeviceFlag,
  perform,
  withCommonFlags,
  withDevice,
  withExamples,
} from '../command.ts';

interface Flags extends CommonFlags, DeviceFlag {
  readonly allowChanges?: true;
  readonly timeout: number;
  readonly port?: number;
  readonly host?: string;
  /** False with --no-token. */
  readonly token?: string | false;
  readonly allowHost?: readonly string[];
}

export function addMcp(program: Command, context: Context): void {
  const command = program
    .command('mcp')
    .summary('offer searches as tools to AI assistants (Model Context Protocol)')
    .description(
      'Serve indexes to clients of the Model Context Protocol: search, explain, view and duplicates as tools, over standard\n' +
        'input and output, or with --port over Streamable HTTP at /mcp.',
    )
    .argument(
      '<indexes...>',
      'folders that neurodex index made, or places of indexes in shards; the first is the default',
    )
    .option('--allow-changes', 'also offer add, which adds pictures to an index')
    .option(
      '--timeout <seconds>',
      'longest search',
      wholeNumber('--timeout', 1, 3600, 30),
      DEFAULT_LIMITS.searchSeconds,
    )
    .option(
      '--port <n>',
      'listen for Streamable HTTP on this port; 0 takes one that is free',
      wholeNumber('--port', 0, 65535, 8081),
    )
    .option('--host <address>', 'with --port: address to listen on (127.0.0.1 by default)', text('--host'))
    .option(
      '--token <text>',
      'with --port: what clients must send, Authorization: Bearer <text>; or NEURODEX_TOKEN in the environment',
      text('--token'),
    )
    .option('--no-token', 'with --port: serve everybody who reaches the address')
    .option(
      '--allow-host <name>',
      'with --port: other name under which it is called (may be repeated)',
      collected('--allow-host'),
    );
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex mcp photos.index', 'what a client starts, by its configuration'],
    ['neurodex mcp photos.index maps.index --allow-changes', 'two indexes, to which pictures can be added'],
    ['neurodex mcp photos.index --port 8081', 'at http://127.0.0.1:8081/mcp'],
  ]);
  command.action((indexes: string[], flags: Flags) => mcp(indexes, flags, context));
}

async function mcp(indexes: readonly string[], flags: Flags, context: Context): Promise<void> {
  const { io, services } = context;
  await perform(context, flags, { unwinds: true }, async ({ reporter, path }) => {
    const { port, host = '127.0.0.1', allowHost: allowHosts = [] } = flags;
    const given = io.env.NEURODEX_TOKEN?.trim() || undefined;
    const token = flags.token === false ? undefined : (flags.token ?? given);
    if (port === undefined) refuseOfHttp(flags);
    if (port === undefined && io.stdout.isTTY) {
      reporter.info('a client starts this command and speaks to it (docs/mcp.md); neurodex serve is for people');
    }
    await services.jobs.serveMcp({
      indexes: indexes.map((name) => (isAddress(name) ? name : path(name))),
      transport:
        port === undefined
          ? { kind: 'stdio' }
          : { kind: 'http', port, host, token, allowHosts, open: flags.token === false },
      allowChanges: flags.allowChanges === true,
      limits: { ...DEFAULT_LIMITS, searchSeconds: flags.timeout },
      device: flags.device,
      environment: io.env,
      reporter,
      signal: io.signal,
    });
    // Standard output is the client's.
    return undefined;
  });
}

/** @throws NeurodexError `usage` for flags of HTTP without a port */
function refuseOfHttp({ host, token, allowHost }: Flags): void {
  const flag =
    host !== undefined
      ? '--host'
      : allowHost !== undefined
        ? '--allow-host'
        : token === false
          ? '--no-token'
          : token !== undefined
            ? '--token'
            : undefined;
  if (flag === undefined) return;
  throw new NeurodexError('usage', `${flag} goes with --port: over standard input and output nobody else can ask`, {
    hint: `add --port 8081, or leave ${flag} out`,
    details: { flag },
  });
}
