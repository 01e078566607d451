/** What a page needs to index pictures by itself. No module here needs Node; packages/web/tests/browser-core.test.ts checks that. */

export type { Config } from '../config.ts';
export { ProgressMeter } from '../jobs/progress-meter.ts';
export { browserConfig } from '../presets/browser.ts';
export { browserMachine } from './browser-machine.ts';
export { type BuiltPictures, buildPictures, type DecodedFile, type PicturesBuild } from './build-pictures.ts';
export { type IndexFacts, type WriteFile, writeIndexFiles } from './index-files.ts';
export { digestOfBytes } from './memory-files.ts';
export { siteFiles } from './site-files.ts';
