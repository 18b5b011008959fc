/**
 * The few Web APIs that `shared/` needs from whatever runs it (browser, worker, workerd, Node): all of them
 * are in WinterTC's minimum common API. They are named here, structurally, because this folder compiles
 * without the DOM's types: the list below is the whole of what it may lean on.
 */
interface TextEncoderLike {
  encode(text: string): Uint8Array;
  encodeInto(text: string, into: Uint8Array): { read: number; written: number };
}
interface TextDecoderLike {
  decode(bytes: Uint8Array): string;
}
interface ByteReader {
  read(): Promise<{ done: boolean; value?: Uint8Array }>;
}
interface ByteWriter {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}
interface ByteTransform {
  readonly readable: { getReader(): ByteReader };
  readonly writable: { getWriter(): ByteWriter };
}
interface WebPlatform {
  readonly TextEncoder: new () => TextEncoderLike;
  readonly TextDecoder: new (label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean }) => TextDecoderLike;
  readonly CompressionStream: new (format: "gzip") => ByteTransform;
  readonly DecompressionStream: new (format: "gzip") => ByteTransform;
  readonly crypto: { readonly subtle: { digest(algorithm: "SHA-256", bytes: Uint8Array): Promise<ArrayBuffer> } };
}

export const web: WebPlatform = globalThis as unknown as WebPlatform;
