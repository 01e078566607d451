import type { HubDataset } from '../download/hugging-face.ts';
import type { Dataset, LicenceNotice } from './dataset.ts';
import type { OpenDatasetRequest } from './request.ts';
export interface HubSource {
  readonly name: string;
  readonly hub: HubDataset;
  readonly notices: readonly LicenceNotice[];
  readonly ownSize?: number;
}
export async function openHub(_request: OpenDatasetRequest, _source: HubSource): Promise<Dataset> {
  throw new Error('in work');
}
