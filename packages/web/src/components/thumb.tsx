import { use, useEffect, useState } from 'react';
import type { Picture } from '../engine.ts';
import { AddressContext, BytesContext } from '../state/context.ts';
import { titleOf } from '../state/format.ts';

/** A picture of the index. It is decorative where its title stands beside it. */
export function Thumb({
  picture,
  decorative = false,
  full = false,
}: {
  readonly picture: Picture;
  readonly decorative?: boolean;
  /** The picture as it is stored; its thumbnail by default. */
  readonly full?: boolean;
}) {
  const address = full ? picture.image : picture.thumbnail;
  const source = useAddress(address);
  const [failed, setFailed] = useState<string | null>(null);
  const alt = decorative ? '' : titleOf(picture);
  if (failed === address) return <span className="thumb missing">{decorative ? '' : alt}</span>;
  return (
    <img
      className="thumb"
      src={source}
      alt={alt}
      loading="lazy"
      decoding="async"
      onError={() => source !== undefined && setFailed(address)}
    />
  );
}

/** The address for an `img`. An `img` cannot send a token: where one is required, the picture is fetched first. */
function useAddress(address: string): string | undefined {
  const fetchBytes = use(BytesContext);
  const resolve = use(AddressContext);
  const [fetched, setFetched] = useState<string | undefined>();
  useEffect(() => {
    if (fetchBytes === null) return;
    const controller = new AbortController();
    let objectUrl: string | undefined;
    fetchBytes(address, controller.signal)
      .then((blob) => {
        objectUrl = URL.createObjectURL(blob);
        if (controller.signal.aborted) URL.revokeObjectURL(objectUrl);
        else setFetched(objectUrl);
      })
      .catch(() => {
        if (!controller.signal.aborted) setFetched('about:invalid');
      });
    return () => {
      controller.abort();
      if (objectUrl !== undefined) URL.revokeObjectURL(objectUrl);
    };
  }, [address, fetchBytes]);
  return fetchBytes === null ? resolve(address) : fetched;
}
