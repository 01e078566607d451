import { setTimeout } from 'node:timers/promises';
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import { accessPolicy } from './access.ts';
import { addRoute, refuseOtherMethods } from './add-route.ts';
import type { Admission } from './admission.ts';
import { HEADER_LENGTH } from './api/inference-routes.ts';
import { PATHS } from './api/paths.ts';
import { ROUTE_NAMES } from './api/routes.ts';
import type { BasePath } from './base-path.ts';
import { type ChangeServices, Changes } from './changes.ts';
import { handlers } from './handlers.ts';
import { addHooks } from './hooks.ts';
import type { Host } from './host.ts';
import { type HttpServer, httpServer } from './http-server.ts';
import { Images } from './images.ts';
import type { ChangeDesk } from './index-changes.ts';
import type { Limits } from './limits.ts';
import type { Metrics } from './metrics.ts';
import { addPages } from './page-routes.ts';
import type { PageFile } from './pages.ts';
import { receiver } from './receive.ts';
import { refuser } from './refuse.ts';
import type { ReportDesk } from './report-desk.ts';
import { Search } from './search.ts';

export interface AppOptions {
  readonly host: Host;
  readonly limits: Limits;
  readonly reports: ReportDesk;
  readonly desk: ChangeDesk;
  /** Waits until a version of an index is served (`ChangeServices`). */
  readonly served: ChangeServices['served'];
  readonly pages: ReadonlyMap<string, PageFile>;
  readonly metrics: Metrics;
  readonly admission: Admission;
  /** The address that it listens on. */
  readonly address: string;
  readonly token?: string | undefined;
  /** For those who change indexes; without one, nobody does. */
  readonly writeToken?: string | undefined;
  /** Origins whose pages may call it. */
  readonly cors: readonly string[];
  /** Other names of this machine. */
  readonly allowHosts: readonly string[];
  /** At the root of its host by default. */
  readonly basePath?: BasePath | undefined;
  /** Pictures that are decoded at one time. */
  readonly decoders: number;
  /** Told of faults of the server, which clients are not told of. */
  readonly onFault: (error: unknown) => void;
}

export interface App {
  readonly http: FastifyInstance;
  /**
   * No search is let in any more, and the server is not ready; those that are running are answered, for as long as the
   * limits say. Until then it listens, so that whoever asks hears why. Then it is closed.
   */
  drain(): Promise<void>;
}

/** Milliseconds between two looks at what is still running. */
const DRAIN_LOOK = 20;
/** Milliseconds in which requests that are on their way may arrive after the server has stopped to listen. */
const DRAIN_GRACE = 100;

/** The server over HTTP, as far as it is known before it listens. */
export async function createApp(options: AppOptions): Promise<App> {
  const { host, limits, reports, metrics, admission, token, basePath = '' } = options;
  let draining = false;
  const isDraining = (): boolean => draining;
  const refuse = refuser(options.onFault);
  const server = httpServer({ limits, basePath, refuse, isIdle: () => admission.underWay === 0 });
  const { http, connections } = server;
  const access = accessPolicy(options);
  addHooks(http, { access, host, connections, metrics, basePath, isDraining });
  if (options.cors.length > 0) await http.register(cors, corsSettings(options.cors));

  const table = handlers({
    host,
    search: new Search(host, limits, options.decoders),
    images: new Images(host, token !== undefined),
    changes: new Changes({ ...options, basePath }),
    reports,
    metrics,
    basePath,
    limits,
    isDraining,
  });
  const receive = receiver(admission, limits, connections);
  for (const name of ROUTE_NAMES) addRoute(http, name, table, { access, receive, isDraining });
  for (const path of new Set(ROUTE_NAMES.map((name) => PATHS[name].path))) refuseOtherMethods(http, path, refuse);
  addPages(http, options.pages);

  return {
    http,
    async drain() {
      draining = true;
      await close(server, limits.drainSeconds);
    },
  };
}

const corsSettings = (origins: readonly string[]) => ({
  origin: [...origins],
  methods: ['GET', 'HEAD', 'POST', 'DELETE'],
  allowedHeaders: ['authorization', 'content-type', HEADER_LENGTH.toLowerCase()],
  exposedHeaders: ['retry-after', 'etag', HEADER_LENGTH.toLowerCase()],
  maxAge: 600,
});

/** Answers what is running, for so many seconds at most, and closes the server. */
async function close({ http, connections }: HttpServer, seconds: number): Promise<void> {
  const deadline = performance.now() + 1000 * seconds;
  const running = async (): Promise<void> => {
    while (connections.underWay > 0 && performance.now() < deadline) await setTimeout(DRAIN_LOOK);
  };
  await running();
  const closed = http.close();
  // What was sent just before is still answered; connections that were opened for later would never end.
  await Promise.race([closed, setTimeout(DRAIN_GRACE)]);
  await running();
  http.server.closeAllConnections();
  await closed;
}
