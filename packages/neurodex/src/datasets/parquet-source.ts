import type { Dataset } from './dataset.ts';
import type { OpenDatasetRequest } from './request.ts';
export async function isParquet(_path: string): Promise<boolean> {
  return false;
}
export async function openParquetSource(_request: OpenDatasetRequest): Promise<Dataset> {
  throw new Error('in work');
}
