import { defined, NeurodexError } from '@neurodex/core';
import { Agent } from 'undici';
import { checkAnswers } from '../check-answers.ts';
import type { RoutedShard, ShardAnswers, ShardSource } from '../shard-source.ts';
import { HedgeBudget } from './hedge-budget.ts';
import { hedged } from './hedged.ts';
import { RecentTimes } from './recent-times.ts';
import { preferredServers } from './rendezvous.ts';
import { ServerHealth } from './server-health.ts';
import { askServer } from './shard-server.ts';

/** What became of one request to a server. */
export interface ServerEvent {
  /** As it was named. */
  readonly server: string;
  /** `abandoned`: another server was faster, or the time was over. */
  readonly outcome: 'answered' | 'failed' | 'abandoned';
  /** Whether it was asked beside another one that had not answered. */
  readonly isHedge: boolean;
  readonly seconds: number;
}

export interface RemoteShardsOptions {
  /** Addresses of servers of the place, or of their indexes: http://host:8080, http://host:8080/v1/indexes/photos. */
  readonly servers: readonly string[];
  /** The id of the index where an address does not name one. */
  readonly index: string;
  readonly token?: string | undefined;
  /** Milliseconds that a shard may take. */
  readonly milliseconds: number;
  /** τ */
  readonly temperature: number;
  /** D */
  readonly width: number;
  readonly onEvent?: (event: ServerEvent) => void;
}

interface Question {
  readonly shard: RoutedShard;
  readonly states: Float32Array;
  readonly k: number;
  readonly shares: readonly number[] | undefined;
  /** Milliseconds after which another server is asked as well. */
  readonly delay: number;
}

/** Connections to each server. */
const CONNECTIONS = 64;

/** Searches shards by asking other servers of the same place. Whatever they answer is looked at before it is used. */
export class RemoteShards implements ShardSource {
  private readonly options: RemoteShardsOptions;
  private readonly agent: Agent;
  private readonly times = new RecentTimes();
  private readonly budget = new HedgeBudget();
  private readonly health: ReadonlyMap<string, ServerHealth>;
  private readonly orders = new Map<number, readonly string[]>();

  constructor(options: RemoteShardsOptions) {
    const { servers, milliseconds } = options;
    this.options = options;
    this.health = new Map(servers.map((server) => [server, new ServerHealth()]));
    this.agent = new Agent({
      connections: CONNECTIONS,
      connect: { timeout: milliseconds },
      headersTimeout: milliseconds,
      bodyTimeout: milliseconds,
    });
  }

  async search(
    shard: RoutedShard,
    states: Float32Array,
    k: number,
    shares?: readonly number[],
  ): Promise<readonly ShardAnswers[]> {
    const { milliseconds } = this.options;
    const now = performance.now();
    const isPaused = (server: string): boolean => this.healthOf(server).isPaused(now);
    const order = this.orderOf(shard.shard);
    const healthy = order.filter((server) => !isPaused(server));
    // Where the others fail as well, one that was passed over may answer again.
    const servers = [...healthy, ...order.filter(isPaused)];
    if (healthy.length === 0) throw unavailable(shard.shard, 'all its servers have failed a moment ago');
    this.budget.earn();
    const delay = this.times.hedgeDelay;
    return await hedged({
      servers,
      ask: (server, signal, isHedge) => this.ask(server, { shard, states, k, shares, delay }, signal, isHedge),
      delay,
      mayHedge: () => this.budget.spend(),
      milliseconds,
      tooSlow: () => unavailable(shard.shard, `no server answered within ${milliseconds / 1000} seconds`),
    });
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async ask(
    server: string,
    { shard, states, k, shares, delay }: Question,
    signal: AbortSignal,
    isHedge: boolean,
  ): Promise<readonly ShardAnswers[]> {
    const { index, token, width, temperature, onEvent = () => {} } = this.options;
    const started = performance.now();
    const health = this.healthOf(server);
    const tell = (outcome: ServerEvent['outcome']): void =>
      onEvent({ server, outcome, isHedge, seconds: (performance.now() - started) / 1000 });
    try {
      const queries = states.length / width;
      const url = indexAddress(server, index);
      const answer = await askServer({ url, token, dispatcher: this.agent, shard, states, queries, k, shares, signal });
      checkAnswers(answer, { shard, queries, k, temperature });
      health.answered();
      this.times.add(performance.now() - started);
      tell('answered');
      return answer;
    } catch (error) {
      const now = performance.now();
      // One that hangs is only ever abandoned.
      if (!signal.aborted || now - started >= delay) health.failed(now);
      tell(signal.aborted ? 'abandoned' : 'failed');
      throw error;
    }
  }

  private orderOf(shard: number): readonly string[] {
    const order = this.orders.get(shard) ?? preferredServers(shard, this.options.servers);
    this.orders.set(shard, order);
    return order;
  }

  private healthOf(server: string): ServerHealth {
    return defined(this.health.get(server), 'a server');
  }
}

/** The address of an index on a server. */
export function indexAddress(server: string, index: string): string {
  const address = server.replace(/\/+$/, '');
  return /\/v1\/indexes\/[^/]+$/.test(address) ? address : `${address}/v1/indexes/${index}`;
}

const unavailable = (shard: number, why: string): NeurodexError =>
  new NeurodexError('shards-unavailable', `shard ${shard} did not answer: ${why}`, {
    hint: 'see whether the servers of --shard-url run; --shard-timeout is how long they are waited for',
    details: { shard },
  });
