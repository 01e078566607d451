import { Counter, Histogram, type Registry } from 'prom-client';
import type { ShardEvent } from './rank-messages.ts';

/** Counters and times of the requests to servers of shards. */
export class ShardMetrics {
  private readonly requests: Counter<'index' | 'server' | 'outcome'>;
  private readonly hedges: Counter<'index' | 'server' | 'outcome'>;
  private readonly leftOut: Counter<'index'>;
  private readonly times: Histogram<'index' | 'server'>;

  /** @param buckets seconds */
  constructor(registry: Registry, buckets: readonly number[]) {
    const registers = [registry];
    this.requests = new Counter({
      name: 'neurodex_shard_requests_total',
      help: 'Requests to servers of shards: answered, failed, or abandoned because another server was faster or the time was over.',
      labelNames: ['index', 'server', 'outcome'],
      registers,
    });
    this.hedges = new Counter({
      name: 'neurodex_shard_hedges_total',
      help: 'Of these, the ones that were sent beside a request that took long; answered ones were faster.',
      labelNames: ['index', 'server', 'outcome'],
      registers,
    });
    this.leftOut = new Counter({
      name: 'neurodex_shards_left_out_total',
      help: 'Shards that were left out of the answers to a query.',
      labelNames: ['index'],
      registers,
    });
    this.times = new Histogram({
      name: 'neurodex_shard_request_duration_seconds',
      help: 'How long servers of shards took to answer.',
      labelNames: ['index', 'server'],
      buckets: [...buckets],
      registers,
    });
  }

  told(index: string, event: ShardEvent): void {
    if (event === 'left-out') {
      this.leftOut.inc({ index });
      return;
    }
    const { server, outcome, isHedge, seconds } = event;
    this.requests.inc({ index, server, outcome });
    if (isHedge) this.hedges.inc({ index, server, outcome });
    if (outcome === 'answered') this.times.observe({ index, server }, seconds);
  }
}
