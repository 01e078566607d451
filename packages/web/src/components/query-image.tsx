import { useEffect, useState } from 'react';
import type { ReferencePicture } from '../engine.ts';
import { Thumb } from './thumb.tsx';

/** The picture of a query. It is decorative where its title stands beside it. */
export function QueryImage({
  picture,
  decorative = false,
  full = false,
}: {
  readonly picture: ReferencePicture;
  readonly decorative?: boolean;
  /** The picture as it is stored; its thumbnail by default. */
  readonly full?: boolean;
}) {
  return picture.kind === 'file' ? (
    <LocalPicture file={picture.file} decorative={decorative} />
  ) : (
    <Thumb picture={picture.picture} decorative={decorative} full={full} />
  );
}

function LocalPicture({ file, decorative }: { readonly file: File; readonly decorative: boolean }) {
  const [address, setAddress] = useState<string>();
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const created = URL.createObjectURL(file);
    setAddress(created);
    setFailed(false);
    return () => URL.revokeObjectURL(created);
  }, [file]);
  if (failed) {
    return <span className="thumb missing">{decorative ? '' : `This browser cannot show ${file.name}.`}</span>;
  }
  return <img className="thumb" src={address} alt={decorative ? '' : file.name} onError={() => setFailed(true)} />;
}
