import type { Device } from '@neurodex/autograd';
import type { Reporter } from '@neurodex/core';
import type { BasePath } from './base-path.ts';
import type { ChangeDesk } from './index-changes.ts';
import type { Limits } from './limits.ts';
import type { ReportDesk } from './report-desk.ts';
import type { ShardSettings } from './shard-settings.ts';
import type { threadRanker } from './thread-ranker.ts';

/** What every process of a server is told. */
export interface ServerSettings {
  /** Folders of indexes, and places of indexes in shards, the default one first. */
  readonly indexes: readonly string[];
  /** 0: any that is free. */
  readonly port: number;
  /** Address to listen on. */
  readonly host: string;
  readonly token?: string | undefined;
  /** For those who change indexes; without one, nobody does. */
  readonly writeToken?: string | undefined;
  /** Origins whose pages may call it. */
  readonly cors: readonly string[];
  /** Other names under which it is called. */
  readonly allowHosts: readonly string[];
  /** Where it is below the root of its host: `/search`; at the root by default. */
  readonly basePath?: BasePath | undefined;
  readonly limits: Limits;
  readonly device: Device;
  /** Cores for this process: threads of ONNX Runtime, and pictures decoded at one time. */
  readonly cores: number;
  /** Of indexes in shards. */
  readonly shards?: ShardSettings | undefined;
  /** Where credentials of a store and the folder of its cache are; none by default. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** What of it those need who open its indexes. */
export interface HostingSettings
  extends Pick<ServerSettings, 'indexes' | 'basePath' | 'limits' | 'device' | 'cores' | 'shards' | 'environment'>,
    Pick<ServerOptions, 'reporter' | 'ranker' | 'lookEvery'> {
  /** Whether pictures can be added and removed. */
  readonly takesChanges: boolean;
}

export interface ServerOptions extends ServerSettings {
  readonly reporter: Reporter;
  readonly reports: ReportDesk;
  /** Who changes the indexes; this process by default. */
  readonly desk?: ChangeDesk | undefined;
  /** Metrics of the whole server, where this is one process of several. */
  readonly metricsText?: (() => Promise<string>) | undefined;
  /** Folder of the built pages; that of the package by default. */
  readonly pages?: string;
  /** Where catalogues are ranked; on threads by default. */
  readonly ranker?: typeof threadRanker;
  /** Milliseconds between two looks whether indexes were replaced. */
  readonly lookEvery?: number;
}
