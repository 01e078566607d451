/**
 * Every route of the HTTP API: its method and its path, parameters in braces as OpenAPI writes them. A file without
 * imports, because the client, which also runs in browsers, reads it.
 */
export const PATHS = {
  listIndexes: { method: 'GET', path: '/v1/indexes' },
  getIndex: { method: 'GET', path: '/v1/indexes/{index}' },
  listPictures: { method: 'GET', path: '/v1/indexes/{index}/pictures' },
  getPicture: { method: 'GET', path: '/v1/indexes/{index}/pictures/{picture}' },
  addPictures: { method: 'POST', path: '/v1/indexes/{index}/pictures' },
  removePicture: { method: 'DELETE', path: '/v1/indexes/{index}/pictures/{picture}' },
  searchShard: { method: 'POST', path: '/v1/indexes/{index}/shards/{shard}/search' },
  getReport: { method: 'GET', path: '/v1/indexes/{index}/report' },
  getImage: { method: 'GET', path: '/v1/pictures/{picture}' },
  getThumbnail: { method: 'GET', path: '/v1/pictures/{picture}/thumbnail' },
  search: { method: 'POST', path: '/v1/search' },
  isAlive: { method: 'GET', path: '/healthz' },
  isReady: { method: 'GET', path: '/readyz' },
  getMetrics: { method: 'GET', path: '/metrics' },
  getOpenApi: { method: 'GET', path: '/openapi.json' },
  getServer: { method: 'GET', path: '/v2' },
  isServerLive: { method: 'GET', path: '/v2/health/live' },
  isServerReady: { method: 'GET', path: '/v2/health/ready' },
  getModel: { method: 'GET', path: '/v2/models/{model}' },
  getModelVersion: { method: 'GET', path: '/v2/models/{model}/versions/{version}' },
  isModelReady: { method: 'GET', path: '/v2/models/{model}/ready' },
  isModelVersionReady: { method: 'GET', path: '/v2/models/{model}/versions/{version}/ready' },
  infer: { method: 'POST', path: '/v2/models/{model}/infer' },
  inferVersion: { method: 'POST', path: '/v2/models/{model}/versions/{version}/infer' },
} as const;

export type RouteName = keyof typeof PATHS;
