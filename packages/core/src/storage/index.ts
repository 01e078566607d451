export {
  type CreateFolderOptions,
  createFolder,
  type FileSystem,
  refuseExisting,
  syncTree,
  throwIfInterrupted,
  writeAtomically,
  writeFileAtomically,
} from './atomic.ts';
export { type ByteSource, type OpenBytes, openFileBytes } from './byte-source.ts';
export { CheckedFile, type CheckedFileOptions } from './checked-file.ts';
export { damaged, replaced, unreadable } from './damaged.ts';
export type { ListedFile } from './file-list.ts';
export {
  changeFileList,
  checkFileList,
  FILE_LIST,
  type FileLister,
  isInside,
  listInFolder,
  readFileSizes,
  writeFileList,
} from './file-list.ts';
export { CHUNK_BYTES, type ChunkedDigest, digestFile, type FileDigest, FileHasher, HashedFile } from './hashed-file.ts';
export { inOrder } from './in-order.ts';
export { JoinedFile } from './joined-file.ts';
export { checkVersion, malformed, parseJson, readSmall } from './json-file.ts';
export { jsonLine, readJsonLines } from './json-lines.ts';
export { type Line, linesOf } from './lines.ts';
export type { LockFiles } from './lock.ts';
export { isLeftBehind, LOCK_FILE, type Lock, lockFile, refuseLocked } from './lock.ts';
export type { FolderMaker } from './make-folder.ts';
export { makeFolder } from './make-folder.ts';
export { openListed, recoverNext, settleNext, writeNext } from './next-file.ts';
export { claimNames, PROGRAM_MARK, refuseForeignFile, writeMarkedFile } from './own-files.ts';
export { refusePlace, refuseSource } from './places.ts';
export { type RenameOptions, renamePath } from './rename.ts';
export type { Replacing } from './replace.ts';
export { removeTorn, replaceFile } from './replace-file.ts';
export { checkSeal, digestOf, hasSeal, sealed } from './seal.ts';
export { refuseSpecialFile, refuseSpecialFilesIn } from './special-files.ts';
export { syncFolder } from './sync.ts';
export { removeStale, Temporary } from './temporary.ts';
export type { UnfinishedOptions } from './unfinished.ts';
export { completeFolder, type Unfinished, unfinishedName } from './unfinished.ts';
