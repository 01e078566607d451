import { describeForeignModel, type ForeignModel } from '@neurodex/autograd';
import { unusable } from './unusable.ts';

/** Domains whose operators ONNX Runtime has built in; any other would be a library that is loaded. */
const DOMAINS: readonly string[] = ['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft'];

/** Names that a message lists. */
const LISTED = 3;

/**
 * What must be known of an ONNX file before ONNX Runtime is given it: that it is one, that it is all of the model, and
 * that its operators are the runtime's own. Weights in other files would be read from wherever the process happens to
 * run, and no digest would cover them.
 * @throws NeurodexError `encoder-unusable`
 */
export function checkFile(onnx: Uint8Array, name: string): void {
  let model: ForeignModel;
  try {
    model = describeForeignModel(onnx);
  } catch (error) {
    throw unusable(name, `is not an ONNX model that can be run: ${(error as Error).message}`, {
      hint: 'name an ONNX file with encoder.file',
      cause: error,
    });
  }
  if (model.external.length > 0) {
    throw unusable(name, `keeps weights in other files (${listed(model.external)}), which an index cannot hold`, {
      hint: `store it in one file: python3 -c "import onnx; onnx.save(onnx.load('model.onnx'), 'one-file.onnx', save_as_external_data=False)"`,
    });
  }
  const unknown = model.domains.filter((domain) => !DOMAINS.includes(domain));
  if (unknown.length > 0) {
    throw unusable(name, `uses operators that ONNX Runtime has not built in (${listed(unknown)})`, {
      hint: 'take an export with the operators of ONNX alone',
    });
  }
}

const listed = (names: readonly string[]): string =>
  names.length > LISTED ? `${names.slice(0, LISTED).join(', ')} and ${names.length - LISTED} more` : names.join(', ');
