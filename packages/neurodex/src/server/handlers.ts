import { additionReader } from './addition-form.ts';
import { openApiDocument } from './api/openapi.ts';
import { ApiError } from './api/problems.ts';
import type { BasePath } from './base-path.ts';
import type { Changes } from './changes.ts';
import { draining } from './draining.ts';
import type { Handlers } from './handler.ts';
import type { Host } from './host.ts';
import type { Images } from './images.ts';
import { inferenceHandlers } from './inference/handlers.ts';
import type { Limits } from './limits.ts';
import type { Metrics } from './metrics.ts';
import type { ReportDesk } from './report-desk.ts';
import type { Search } from './search.ts';
import { shardHandlers } from './shard-handlers.ts';
import { uploadKind } from './uploads.ts';

export interface HandlerServices {
  readonly host: Host;
  readonly search: Search;
  readonly images: Images;
  readonly changes: Changes;
  readonly reports: ReportDesk;
  readonly metrics: Metrics;
  readonly basePath: BasePath;
  readonly limits: Limits;
  readonly isDraining: () => boolean;
}

/** Seconds after which to ask again whether a report is measured. */
const REPORT_RETRY = '2';

/** What each route does. */
export const handlers = (services: HandlerServices): Handlers => ({
  ...indexHandlers(services),
  ...pictureHandlers(services),
  ...changeHandlers(services),
  ...operationHandlers(services),
  ...shardHandlers(services),
  ...inferenceHandlers(services),
});

type Some<Name extends keyof Handlers> = Pick<Handlers, Name>;

const indexHandlers = ({
  host,
  reports,
}: HandlerServices): Some<'listIndexes' | 'getIndex' | 'listPictures' | 'getPicture' | 'getReport'> => ({
  listIndexes: () => ({ status: 200, json: { indexes: host.indexes.map(({ card }) => card) } }),

  getIndex: ({ path }) => ({ status: 200, json: host.index(path.index).details }),

  listPictures: async ({ path, query }) => ({ status: 200, json: await host.index(path.index).pictures(query) }),

  getPicture: async ({ path }) => ({ status: 200, json: (await host.pictureIn(path.index, path.picture)).facts }),

  async getReport({ path }) {
    const hosted = host.index(path.index);
    hosted.checkMeasurable();
    const state = await reports.ask(hosted.id, hosted.version.digest);
    if (state.status === 'failed')
      throw new ApiError(
        state.code,
        state.reason,
        state.retryAfter === undefined ? {} : { retryAfter: state.retryAfter },
      );
    return state.status === 'measured'
      ? { status: 200, json: state }
      : { status: 202, json: state, headers: { 'retry-after': REPORT_RETRY } };
  },
});

const pictureHandlers = ({ images, search }: HandlerServices): Some<'getImage' | 'getThumbnail' | 'search'> => ({
  getImage: ({ path, query, headers }) =>
    images.image({ picture: path.picture, v: query.v, ifNoneMatch: headers['if-none-match'] }),

  getThumbnail: ({ path, query, headers }) =>
    images.thumbnail({ picture: path.picture, v: query.v, ifNoneMatch: headers['if-none-match'] }),

  async search({ query, headers, receive }) {
    const plan = search.plan(query);
    const kind = uploadKind(headers['content-type']);
    const { body, waiting } = await receive(kind.largest);
    return { status: 200, json: await search.search(kind.read(body), plan, waiting) };
  },
});

const changeHandlers = ({ changes }: HandlerServices): Some<'addPictures' | 'removePicture'> => ({
  async addPictures({ path, headers, receive }) {
    changes.check(path.index);
    const read = additionReader(headers['content-type']);
    const { body } = await receive();
    const addition = await changes.add(path.index, read(body));
    return { status: addition.added.length > 0 ? 201 : 200, json: addition };
  },

  async removePicture({ path }) {
    changes.check(path.index);
    return { status: 200, json: await changes.remove(path.index, path.picture) };
  },
});

/** For those who run the server, and for programs that are new to it. */
function operationHandlers({
  host,
  metrics,
  basePath,
  isDraining,
}: HandlerServices): Some<'isAlive' | 'isReady' | 'getMetrics' | 'getOpenApi'> {
  const document = JSON.stringify(openApiDocument(basePath));
  return {
    isAlive: () => ({ status: 200, json: { status: 'ok' } }),

    isReady() {
      if (isDraining()) throw draining();
      return { status: 200, json: { status: 'ready', indexes: host.indexes.length } };
    },

    getMetrics: async () => ({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      body: await metrics.text(),
    }),

    getOpenApi: () => ({ status: 200, type: 'application/json', body: document }),
  };
}
