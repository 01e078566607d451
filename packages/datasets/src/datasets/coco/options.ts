import type { Reporter } from '@neurodex/core';
import type { Downloads } from '../../download/downloads.ts';
import type { HostRules } from '../../download/hosts.ts';

export const COCO_YEARS = ['2014', '2017'] as const;
export type CocoYear = (typeof COCO_YEARS)[number];
export const COCO_SPLITS = ['train', 'val'] as const;
export type CocoSplit = (typeof COCO_SPLITS)[number];

export interface CocoOptions {
  readonly year: CocoYear;
  readonly split: CocoSplit;
  /** A local copy: a folder with the annotations (unpacked or as a zip) and perhaps the pictures. */
  readonly from?: string;
  /** What the user named. */
  readonly source: string;
  /** For what is not in the local copy. */
  readonly downloads: () => Downloads;
  /** Where archives are unpacked. */
  readonly cache: string;
  /** COCO_ENDPOINT names another server than images.cocodataset.org. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly reporter?: Reporter;
  readonly signal?: AbortSignal;
}

const SERVER = 'http://images.cocodataset.org';

/** The servers that the archives and pictures may come from, whatever the annotations and the servers say. */
export const cocoHosts = (environment: CocoOptions['environment']): HostRules => ({
  names: [new URL(SERVER).hostname],
  ...(environment.COCO_ENDPOINT ? { named: cocoServer(environment) } : {}),
});

/** The server of COCO, or the one that stands in for it. */
export const cocoServer = (environment: CocoOptions['environment']): string =>
  (environment.COCO_ENDPOINT?.trim() || SERVER).replace(/\/+$/, '');
