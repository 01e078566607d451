import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** npm as users may have it, by version. */
export const NPM_VERSIONS = ['10.9.4', '11.19.1'] as const;

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** An empty project of a user, with a registry. */
export class Project {
  readonly folder: string;
  private readonly registry: string;
  private readonly cache: string;

  /** @param cache folder of what npm has downloaded */
  constructor(folder: string, registry: string, cache: string) {
    this.folder = folder;
    this.registry = registry;
    this.cache = cache;
    mkdirSync(folder, { recursive: true });
    this.write('package.json', `${JSON.stringify({ name: 'project', private: true, type: 'module' })}\n`);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** The registry is in this process, and answers meanwhile. @throws Error with what it printed, for another status than 0 */
  async run(command: string, args: readonly string[]): Promise<Ran> {
    const began = performance.now();
    const child = spawn(command, args, {
      ...{ cwd: this.folder, env: this.environment(), stdio: ['ignore', 'pipe', 'pipe'] },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const status = await new Promise<number | null>((ended, failed) => {
      child.on('error', failed);
      child.on('close', ended);
    });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with status ${status}:\n${stdout}${stderr}`);
    return { stdout, stderr, seconds: (performance.now() - began) / 1000 };
  }

  /** As `npm` of a version. @throws Error as `run` */
  npm(version: string, ...args: readonly string[]): Promise<Ran> {
    return this.run('npm', ['exec', '--yes', `--package=npm@${version}`, '--', 'npm', ...args]);
  }

  /** A program that is installed here. */
  bin(name: string, ...args: readonly string[]): Promise<Ran> {
    return this.run(join(this.folder, 'node_modules', '.bin', name), args);
  }

  private environment(): NodeJS.ProcessEnv {
    // What npm says to programs that it runs is not what a user's shell has.
    const own = Object.entries(process.env).filter(([name]) => !/^(npm_|NPM_|NODE_|INIT_CWD)/i.test(name));
    return {
      ...Object.fromEntries(own),
      npm_config_registry: this.registry,
      npm_config_cache: this.cache,
      npm_config_userconfig: join(this.folder, '.npmrc'),
      npm_config_update_notifier: 'false',
      npm_config_audit: 'false',
      npm_config_fund: 'false',
    };
  }
}
