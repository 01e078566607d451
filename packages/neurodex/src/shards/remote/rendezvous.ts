import { createHash } from 'node:crypto';

/**
 * Servers in the order in which a shard prefers them (highest random weight, Thaler & Ravishankar 1998). Each shard has an order of its
 * own, so that each server keeps a part of the shards open; where a server goes or comes, the others stay in their order.
 */
export function preferredServers(shard: number, servers: readonly string[]): string[] {
  const weight = (server: string): string => createHash('sha256').update(`${shard} ${server}`).digest('hex');
  return servers
    .map((server) => ({ server, weight: weight(server) }))
    .sort((a, b) => (a.weight < b.weight ? 1 : -1))
    .map(({ server }) => server);
}
