import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { silentReporter } from '@neurodex/core';
import { PATIENCE } from '../patience.ts';
import { S3Client } from './s3-client.ts';
import { readS3Settings } from './s3-settings.ts';

/** A server of S3 that others have written, and how it is started. */
export interface ServerKind {
  readonly name: string;
  /** The file that is looked for in the folders of NEURODEX_S3_SERVERS, and in those of PATH. */
  readonly program: string;
  /** Where it comes from, for people. */
  readonly source: string;
  /** Whether it looks at who signed a request. */
  readonly checksSignatures: boolean;
  /** Whether it looks at a condition and writes in one step. */
  readonly isAtomic: boolean;
  command(program: string, port: number, folder: string): readonly [command: string, ...args: string[]];
}

const ACCESS_KEY = 'neurodextests';
const SECRET_KEY = 'not-a-secret/of+anything';
const BUCKET = 'neurodex-tests';

export const S3_SERVERS: readonly ServerKind[] = [
  {
    name: 'moto',
    program: 'moto_server',
    source: "PyPI's moto[server]",
    checksSignatures: false,
    isAtomic: false,
    command: (program, port) => [program, '-H', '127.0.0.1', '-p', `${port}`],
  },
  {
    name: 'Versity S3 Gateway',
    program: 'versitygw',
    source: 'the Go module github.com/versity/versitygw/cmd/versitygw',
    checksSignatures: true,
    isAtomic: true,
    command: (program, port, folder) => {
      const [data, metadata] = [join(folder, 'data'), join(folder, 'metadata')];
      mkdirSync(data);
      mkdirSync(metadata);
      const keys = ['--access', ACCESS_KEY, '--secret', SECRET_KEY];
      return [program, ...keys, '--port', `127.0.0.1:${port}`, 'posix', '--sidecar', metadata, data];
    },
  },
];

/** The program of a server; undefined where it is not installed. @throws Error where it is not and NEURODEX_REQUIRE_S3 is 1 */
export function findServer(kind: ServerKind, environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const { NEURODEX_S3_SERVERS: named = '', PATH = '', NEURODEX_REQUIRE_S3: required } = environment;
  const found = [...named.split(delimiter), ...PATH.split(delimiter)]
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, kind.program))
    .find((file) => existsSync(file));
  if (found === undefined && required === '1') throw new Error(missingServer(kind));
  return found;
}

export const missingServer = ({ name, program, source }: ServerKind): string =>
  `no ${name}: no ${program} (${source}) in a folder of NEURODEX_S3_SERVERS or PATH`;

/** A server that runs, with an empty bucket. */
export interface RunningServer {
  readonly address: string;
  readonly bucket: string;
  /** What names it, and who asks it, to `openStore`. */
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Milliseconds in which a server must have started. */
const START = 120_000;

/** Starts a server, its files in a folder of its own. */
export async function startServer(kind: ServerKind, program: string): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), 'neurodex-s3-'));
  const port = await freePort();
  const [command, ...args] = kind.command(program, port, folder);
  const child = spawn(command, args, { cwd: folder, stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  const address = `http://127.0.0.1:${port}`;
  const environment = {
    AWS_ENDPOINT_URL: address,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: ACCESS_KEY,
    AWS_SECRET_ACCESS_KEY: SECRET_KEY,
  };
  try {
    await Promise.race([makeBucket(environment), failureOf(child, kind)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, bucket: BUCKET, environment, stop };
}

/** Waits for the server, as for any that refuses connections. */
async function makeBucket(environment: Readonly<Record<string, string>>): Promise<void> {
  const client = new S3Client(readS3Settings(`s3://${BUCKET}`, environment), {
    environment,
    reporter: silentReporter,
    signal: undefined,
    patience: { ...PATIENCE, total: START, longestWait: 500 },
  });
  await client.send({ method: 'PUT' });
}

const failureOf = (child: ChildProcess, { name }: ServerKind): Promise<never> =>
  new Promise((_, reject) => {
    child.on('error', (error) => reject(new Error(`${name} cannot be started: ${error.message}`)));
    child.on('exit', (code) => reject(new Error(`${name} ended (${code})`)));
  });

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const isEnded = await Promise.race([ended.then(() => true), sleep(5000, false)]);
  if (!isEnded) child.kill('SIGKILL');
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
