import { NeurodexError } from '@neurodex/core';
import type { Command } from 'commander';
import { parseBasePath } from '../../server/base-path.ts';
import { DEFAULT_LIMITS } from '../../server/limits.ts';
import { DEFAULT_SHARD_SETTINGS } from '../../server/shard-settings.ts';
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
import { formatSeconds, plural } from '../format.ts';

export const DEFAULT_PORT = 8080;
const MEBIBYTE = 2 ** 20;
/** Seconds that a shard may be waited for. */
const [SHORTEST, LONGEST] = [0.05, 600];

interface Flags extends CommonFlags, DeviceFlag {
  readonly port: number;
  readonly host: string;
  /** False with --no-token. */
  readonly token?: string | false;
  readonly writeToken?: string;
  readonly cors?: readonly string[];
  readonly allowHost?: readonly string[];
  readonly basePath?: string;
  readonly maxBody: number;
  readonly maxBodies?: number;
  readonly maxPixels: number;
  readonly queue: number;
  readonly workers: number;
  readonly connections: number;
  readonly timeout: number;
  readonly shards?: number;
  readonly shardUrl?: readonly string[];
  readonly shardToken?: string;
  readonly shardTimeout: number;
}

/** Origins as browsers send them (RFC 6454): compared letter by letter, so that anything else would never be equal. */
function origins(given: string, before: readonly string[] = []): readonly string[] {
  const [value = ''] = collected('--cors')(given);
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (isWeb && url?.origin === value) return [...before, value];
  throw new NeurodexError('usage', `--cors takes an origin, and ${JSON.stringify(value)} is none`, {
    hint: isWeb ? `write --cors ${url?.origin}` : 'write --cors https://search.example.org',
    details: { value },
  });
}

/** Addresses of servers: what is behind them may be asked with a token. */
function shardUrls(given: string, before: readonly string[] = []): readonly string[] {
  const [value = ''] = collected('--shard-url')(given);
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (!isWeb || url === undefined || url.search !== '' || url.hash !== '') {
    throw new NeurodexError(
      'usage',
      `--shard-url takes the address of a server, and ${JSON.stringify(value)} is none`,
      {
        hint: 'write --shard-url http://shards-1:8080',
        details: { value },
      },
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new NeurodexError('usage', `--shard-url takes no user or password: ${url.host} is asked with a token`, {
      hint: 'set NEURODEX_SHARD_TOKEN, or write --shard-token',
    });
  }
  const address = url.href.replace(/\/+$/, '');
  return before.includes(address) ? before : [...before, address];
}

/** Seconds, with a decimal point where they are few. */
function seconds(given: string): number {
  const value = /^\d{1,6}(\.\d{1,6})?$/.test(given) ? Number(given) : Number.NaN;
  if (value >= SHORTEST && value <= LONGEST) return value;
  throw new NeurodexError(
    'usage',
    `--shard-timeout must be a number from ${SHORTEST} to ${LONGEST}, not ${JSON.stringify(given)}`,
    {
      hint: 'write --shard-timeout 2',
      details: { value: given },
    },
  );
}

export function addServe(program: Command, context: Context): void {
  const command = program
    .command('serve')
    .summary('answer searches over HTTP')
    .description('Serve indexes over HTTP: an API for programs, and pages for people.')
    .argument(
      '<indexes...>',
      'folders that neurodex index made, or places of indexes in shards; the first is the default',
    )
    .option(
      '--port <n>',
      'port to listen on; 0 takes one that is free',
      wholeNumber('--port', 0, 65535, DEFAULT_PORT),
      DEFAULT_PORT,
    )
    .option('--host <address>', 'address to listen on', text('--host'), '127.0.0.1')
    .option(
      '--token <text>',
      'what clients must send, Authorization: Bearer <text>; or NEURODEX_TOKEN in the environment',
      text('--token'),
    )
    .option(
      '--write-token <text>',
      'what clients must send to add and remove pictures; or NEURODEX_WRITE_TOKEN in the environment. Without it, nobody may',
      text('--write-token'),
    )
    .option('--no-token', 'serve everybody who reaches the address')
    .option('--workers <n>', 'processes that share the port', wholeNumber('--workers', 1, 256, 2), 1)
    .option('--cors <origin>', 'origin whose pages may call the API (may be repeated)', origins)
    .option('--allow-host <name>', 'other name under which it is called (may be repeated)', collected('--allow-host'))
    .option('--base-path <path>', 'path below which it is served, as behind a proxy: /search', (given: string) =>
      parseBasePath(text('--base-path')(given)),
    )
    .option(
      '--max-body <MiB>',
      'largest body of a request',
      wholeNumber('--max-body', 1, 1024, 16),
      DEFAULT_LIMITS.bodyBytes / MEBIBYTE,
    )
    .option(
      '--max-bodies <MiB>',
      `all bodies in memory at one time (default: ${DEFAULT_LIMITS.allBodyBytes / MEBIBYTE}, or as many as --max-body)`,
      wholeNumber('--max-bodies', 1, 65536, 256),
    )
    .option(
      '--max-pixels <n>',
      'largest picture that is decoded',
      wholeNumber('--max-pixels', 1, 1e9, 1e7),
      DEFAULT_LIMITS.maxPixels,
    )
    .option('--queue <n>', 'searches at one time', wholeNumber('--queue', 1, 1e5, 256), DEFAULT_LIMITS.queue)
    .option(
      '--connections <n>',
      'connections at one time',
      wholeNumber('--connections', 1, 1e6, 1024),
      DEFAULT_LIMITS.connections,
    )
    .option(
      '--timeout <seconds>',
      'longest search',
      wholeNumber('--timeout', 1, 3600, 30),
      DEFAULT_LIMITS.searchSeconds,
    );
  withShards(command);
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex serve photos.index', 'pages and API at http://127.0.0.1:8080'],
    [
      'neurodex serve s3://indexes/photos --shard-url http://one:8080 --shard-url http://two:8080',
      'fronts two servers of shards',
    ],
    ['curl --data-binary @holiday.jpg -H "Content-Type: image/jpeg" "http://127.0.0.1:8080/v1/search?k=5"', 'asks it'],
  ]);
  command.action((indexes: string[], flags: Flags) => serve(indexes, flags, context));
}

/** How indexes in shards are served. */
const withShards = (command: Command): Command =>
  command
    .option(
      '--shards <n>',
      'of an index in shards: shards that each query is sent to (4 by default)',
      wholeNumber('--shards', 1, 99_999, 4),
    )
    .option(
      '--shard-url <url>',
      'server of the same place that searches shards for this one (may be repeated; this process by default)',
      shardUrls,
    )
    .option(
      '--shard-token <text>',
      'what those servers want, as their --token; or NEURODEX_SHARD_TOKEN in the environment',
      text('--shard-token'),
    )
    .option(
      '--shard-timeout <seconds>',
      'longest wait for a shard, which is then left out of the answers',
      seconds,
      DEFAULT_SHARD_SETTINGS.timeout,
    );

/** Bytes of all bodies: room for one of the largest at least. */
function allBodyBytes({ maxBody, maxBodies }: Flags): number {
  if (maxBodies === undefined) return Math.max(DEFAULT_LIMITS.allBodyBytes, maxBody * MEBIBYTE);
  if (maxBodies >= maxBody) return maxBodies * MEBIBYTE;
  throw new NeurodexError('usage', `--max-bodies ${maxBodies} has no room for one body of --max-body ${maxBody} MiB`, {
    hint: `write --max-bodies ${maxBody} or more`,
  });
}

async function serve(indexes: readonly string[], flags: Flags, context: Context): Promise<void> {
  await perform(context, flags, { unwinds: true }, async ({ reporter, path }) => {
    const given = context.io.env.NEURODEX_TOKEN;
    if (flags.token === undefined && given?.trim() === '') {
      reporter.warn('NEURODEX_TOKEN is set and empty, which is as if it were not set: no token is asked for');
    }
    const served = await context.services.jobs.serve({
      indexes: indexes.map((name) => (isAddress(name) ? name : path(name))),
      port: flags.port,
      host: flags.host,
      token: flags.token === false ? undefined : (flags.token ?? (given?.trim() || undefined)),
      writeToken: flags.writeToken ?? (context.io.env.NEURODEX_WRITE_TOKEN?.trim() || undefined),
      open: flags.token === false,
      workers: flags.workers,
      cors: flags.cors ?? [],
      allowHosts: flags.allowHost ?? [],
      basePath: flags.basePath,
      limits: {
        ...DEFAULT_LIMITS,
        bodyBytes: flags.maxBody * MEBIBYTE,
        allBodyBytes: allBodyBytes(flags),
        maxPixels: flags.maxPixels,
        queue: flags.queue,
        connections: flags.connections,
        searchSeconds: flags.timeout,
      },
      shards: {
        asked: flags.shards,
        urls: flags.shardUrl ?? [],
        token: flags.shardToken ?? (context.io.env.NEURODEX_SHARD_TOKEN?.trim() || undefined),
        timeout: flags.shardTimeout,
      },
      environment: context.io.env,
      device: flags.device,
      reporter,
      signal: context.io.signal,
    });
    return { json: served, text: `${plural(served.requests, 'request')} in ${formatSeconds(served.seconds)}` };
  });
}
