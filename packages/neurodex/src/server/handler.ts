import type { IncomingHttpHeaders } from 'node:http';
import type { z } from 'zod';
import type { RouteName } from './api/paths.ts';
import type { RawContent } from './api/route.ts';
import type { PathOf, QueryOf, ROUTES } from './api/routes.ts';
import type { Waiting } from './batcher.ts';

/** A request whose parameters are what its route declares. */
export interface Asked<Name extends RouteName> {
  readonly path: PathOf<Name>;
  readonly query: QueryOf<Name>;
  readonly headers: IncomingHttpHeaders;
  /**
   * Reads the body: once, and only when nothing else is wrong with the request.
   * @param largest bytes that it may have; the server's limit unless less
   * @throws ApiError `body-too-large`, `busy`, `request-timeout`
   */
  receive(largest?: number): Promise<Received>;
}

/** A body that has arrived, and the place of its search. */
export interface Received {
  readonly body: Buffer;
  readonly waiting: Waiting;
  /** Takes what it turns out to need beside that, until it is answered. @throws ApiError `busy` */
  more(need: { readonly searches: number; readonly bytes: number }): void;
}

export type Headers = Readonly<Record<string, string>>;

type Responses<Name extends RouteName> = (typeof ROUTES)[Name]['responses'];

type ReplyOf<Status, Content> = Content extends z.ZodType
  ? { readonly status: Status; readonly json: z.output<Content>; readonly headers?: Headers }
  : Content extends RawContent
    ? {
        readonly status: Status;
        readonly body: string | Uint8Array;
        readonly type: Content['types'][number];
        readonly headers?: Headers;
      }
    : never;

type ReplyWith<Status, Declared> = Declared extends { readonly content: infer Content }
  ? ReplyOf<Status, Content extends readonly unknown[] ? Content[number] : Content>
  : { readonly status: Status; readonly headers?: Headers };

/** What every reply is, whichever route's. */
export interface AnyReply {
  readonly status: number;
  readonly headers?: Headers;
  readonly json?: unknown;
  readonly body?: string | Uint8Array;
  readonly type?: string;
}

/** One of the answers that the route declares. */
export type Reply<Name extends RouteName> = AnyReply &
  {
    [Status in keyof Responses<Name>]: ReplyWith<Status, Responses<Name>[Status]>;
  }[keyof Responses<Name>];

export type Handler<Name extends RouteName> = (asked: Asked<Name>) => Reply<Name> | Promise<Reply<Name>>;

export type Handlers = { readonly [Name in RouteName]: Handler<Name> };
