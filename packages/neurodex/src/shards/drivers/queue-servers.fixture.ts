import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, chmodSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

/** What tests of queues need, in words. */
export const MISSING_REDIS = 'no redis-server (on Debian: apt-get install redis-server)';
export const MISSING_POSTGRES = 'no PostgreSQL (on Debian: apt-get install postgresql)';

/**
 * The program of Redis; undefined where there is none.
 * @throws Error where there is none and `NEURODEX_REQUIRE_REDIS` is 1
 */
export function findRedis(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const found = programIn(environment.PATH, 'redis-server');
  if (found === undefined && environment.NEURODEX_REQUIRE_REDIS === '1') throw new Error(MISSING_REDIS);
  return found;
}

function programIn(path = '', name: string): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** A Redis of one test file, which keeps nothing on a disk. */
export class RedisServer {
  static readonly PASSWORD = 'opensesame';
  private readonly program: string;
  private readonly port: number;
  private readonly folder: string;
  private child: ChildProcess | undefined;
  private database = 0;

  private constructor(program: string, port: number) {
    this.program = program;
    this.port = port;
    this.folder = mkdtempSync(join(tmpdir(), 'neurodex-redis-'));
  }

  static async start(program: string): Promise<RedisServer> {
    const server = new RedisServer(program, await freePort());
    await server.begin();
    return server;
  }

  /** Of a database that is still empty. */
  address(): string {
    return `redis://:${RedisServer.PASSWORD}@127.0.0.1:${this.port}/${this.database++}`;
  }

  /** Starts it with nothing in it. */
  async begin(): Promise<void> {
    const options = { port: this.port, bind: '127.0.0.1', dir: this.folder, save: '', appendonly: 'no' };
    const args = Object.entries({ ...options, databases: 64, requirepass: RedisServer.PASSWORD });
    const child = spawn(
      this.program,
      args.flatMap(([name, value]) => [`--${name}`, String(value)]),
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    this.child = child;
    await said(child, /Ready to accept connections/);
  }

  /** It is killed, and all that it holds is lost. */
  async kill(): Promise<void> {
    await killed(this.child);
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Of the database of an address. */
  keys(address: string): string[] {
    const database = new URL(address).pathname.slice(1);
    const args = ['-p', String(this.port), '-n', database, 'keys', '*'];
    const env = { ...process.env, REDISCLI_AUTH: RedisServer.PASSWORD };
    return execFileSync('redis-cli', args, { encoding: 'utf8', env }).split('\n').filter(Boolean);
  }
}

/** Programs of PostgreSQL; undefined where one is missing. */
export function findPostgres(): { readonly initdb: string; readonly postgres: string } | undefined {
  const path = [process.env.PATH, ...[17, 16, 15, 14].map((version) => `/usr/lib/postgresql/${version}/bin`)].join(
    delimiter,
  );
  const [initdb, postgres] = [programIn(path, 'initdb'), programIn(path, 'postgres')];
  return initdb === undefined || postgres === undefined ? undefined : { initdb, postgres };
}

/** A PostgreSQL of one test file. Root may not run it: then it is of the user `nobody`. */
export class PostgresServer {
  private readonly port: number;
  private readonly folder: string;
  private child: ChildProcess | undefined;

  private constructor(port: number) {
    this.port = port;
    this.folder = mkdtempSync(join(tmpdir(), 'neurodex-postgres-'));
  }

  static async start({
    initdb,
    postgres,
  }: {
    readonly initdb: string;
    readonly postgres: string;
  }): Promise<PostgresServer> {
    const server = new PostgresServer(await freePort());
    const data = join(server.folder, 'data');
    mkdirSync(data);
    const isRoot = process.getuid?.() === 0;
    const who = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
    if (isRoot) {
      chmodSync(server.folder, 0o755);
      execFileSync('chown', [`${NOBODY}:${NOBODY}`, data]);
    }
    execFileSync(initdb, ['-D', data, '-A', 'trust', '-U', 'neurodex', '--no-sync', '--locale', 'C'], {
      ...who,
      stdio: 'ignore',
    });
    const child = spawn(postgres, ['-D', data, '-p', String(server.port), '-k', '', '-h', '127.0.0.1', '-F'], {
      ...who,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    server.child = child;
    await said(child, /ready to accept connections/, child.stderr);
    return server;
  }

  /** Of the one database. */
  address(): string {
    return `postgres://neurodex@127.0.0.1:${this.port}/postgres`;
  }

  async stop(): Promise<void> {
    await killed(this.child);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Debian's number of the user `nobody`. */
const NOBODY = 65_534;

async function said(child: ChildProcess, words: RegExp, stream = child.stdout): Promise<void> {
  if (stream === null) throw new Error('a server has no output');
  const seen: string[] = [];
  for await (const line of createInterface({ input: stream })) {
    seen.push(line);
    if (!words.test(line)) continue;
    stream.resume();
    return;
  }
  throw new Error(`a server ended before it was ready: ${seen.slice(-3).join('; ')}`);
}

async function killed(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
