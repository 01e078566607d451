import type { Reporter } from '@neurodex/core';
import type { Downloads } from '../../download/downloads.ts';
import type { HostRules } from '../../download/hosts.ts';

/** The years of COCO. */
export const COCO_YEARS = ['2014', '2017'] as const;

/** A year of COCO. */
export type CocoYear = (typeof COCO_YEARS)[number];

/** The parts of COCO. */
export const COCO_SPLITS = ['train', 'val'] as const;

/** A part of COCO. */
export type CocoSplit = (typeof COCO_SPLITS)[number];

/** Which part of COCO, and from where. */
export interface CocoOptions {
  /** The year. */
  readonly year: CocoYear;
  /** The part. */
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
  /** Told how far it is. */
  readonly reporter?: Reporter;
  /** Ends it. */
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
