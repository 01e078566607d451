import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { RouteName } from './api/paths.ts';
import { ShardMetrics } from './shard-metrics.ts';

/** Seconds. */
const TIMES = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];
const BATCHES = [1, 2, 4, 8, 16, 32, 64];

const REQUESTS = 'neurodex_http_requests_total';

/** The metrics of one process, with their values. */
export type ProcessMetrics = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** Requests that were answered, by the metrics of several processes. */
export const requestCountIn = (processes: readonly ProcessMetrics[]): number =>
  processes
    .flat()
    .filter(({ name }) => name === REQUESTS)
    .flatMap(({ values }) => values)
    .reduce((sum, { value }) => sum + value, 0);

/** Counters and times of a server, for Prometheus. */
export class Metrics {
  readonly registry = new Registry();
  private readonly requests = new Counter({
    name: REQUESTS,
    help: 'Requests that were answered.',
    labelNames: ['route', 'method', 'status'],
    registers: [this.registry],
  });
  private readonly times = new Histogram({
    name: 'neurodex_http_request_duration_seconds',
    help: 'From the head of a request to the end of its answer.',
    labelNames: ['route'],
    buckets: TIMES,
    registers: [this.registry],
  });
  private readonly batches = new Histogram({
    name: 'neurodex_batch_queries',
    help: 'Queries that went through a system together.',
    labelNames: ['index', 'system'],
    buckets: BATCHES,
    registers: [this.registry],
  });
  private readonly ranking = new Histogram({
    name: 'neurodex_batch_duration_seconds',
    help: 'How long a batch took.',
    labelNames: ['index', 'system'],
    buckets: TIMES,
    registers: [this.registry],
  });
  readonly shards = new ShardMetrics(this.registry, TIMES);
  private readonly extra: () => Promise<string>;

  /**
   * @param searches how many are under way
   * @param text of the whole server, where this is one process of several; its own by default
   * @param bodyBytes bytes of bodies in memory
   */
  constructor(searches: () => number, text?: () => Promise<string>, bodyBytes: () => number = () => 0) {
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: 'neurodex_searches_under_way',
      help: 'Searches that are decoded, waiting or ranked.',
      registers: [this.registry],
      collect() {
        this.set(searches());
      },
    });
    new Gauge({
      name: 'neurodex_body_bytes',
      help: 'Bytes of request bodies in memory.',
      registers: [this.registry],
      collect() {
        this.set(bodyBytes());
      },
    });
    this.extra = text ?? (() => this.registry.metrics());
  }

  /** Tells from now on how many queries wait for their turn. */
  watch(queues: () => readonly { readonly index: string; readonly system: string; readonly waiting: number }[]): void {
    new Gauge({
      name: 'neurodex_queries_waiting',
      help: 'Queries that wait for the batch before theirs.',
      labelNames: ['index', 'system'],
      registers: [this.registry],
      collect() {
        for (const { index, system, waiting } of queues()) this.set({ index, system }, waiting);
      },
    });
  }

  answered(route: RouteName | 'page' | 'none', method: string, status: number, seconds: number): void {
    this.requests.inc({ route, method, status });
    this.times.observe({ route }, seconds);
  }

  readonly batch = (index: string, system: string, queries: number, seconds: number): void => {
    this.batches.observe({ index, system }, queries);
    this.ranking.observe({ index, system }, seconds);
  };

  /** Requests that were answered. */
  async requestCount(): Promise<number> {
    return requestCountIn([await this.registry.getMetricsAsJSON()]);
  }

  text(): Promise<string> {
    return this.extra();
  }
}
