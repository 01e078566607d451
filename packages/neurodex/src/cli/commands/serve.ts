import { NeurodexError } from '@neurodex/core';
import type { Command } from 'commander';
import { parseBasePath } from '../../server/base-path.ts';
import { DEFAULT_LIMITS } from '../../server/limits.ts';
import { collected, text, wholeNumber } from '../arguments.ts';
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

const PORT = 8080;
const MEBIBYTE = 2 ** 20;

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

export function addServe(program: Command, context: Context): void {
  const command = program
    .command('serve')
    .summary('answer searches over HTTP')
    .description('Serve indexes over HTTP: an API for programs, and pages for people.')
    .argument('<indexes...>', 'folders that neurodex index made; the first is the default')
    .option('--port <n>', 'port to listen on; 0 takes one that is free', wholeNumber('--port', 0, 65535, PORT), PORT)
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
  withCommonFlags(withDevice(command));
  withExamples(command, [
    ['neurodex serve photos.index', 'pages and API at http://127.0.0.1:8080'],
    ['curl --data-binary @holiday.jpg -H "Content-Type: image/jpeg" "http://127.0.0.1:8080/v1/search?k=5"', 'asks it'],
  ]);
  command.action((indexes: string[], flags: Flags) => serve(indexes, flags, context));
}

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
      indexes: indexes.map(path),
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
      device: flags.device,
      reporter,
      signal: context.io.signal,
    });
    return { json: served, text: `${plural(served.requests, 'request')} in ${formatSeconds(served.seconds)}` };
  });
}
