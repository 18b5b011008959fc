/** How a device has its socket to the edge's `GET /v1/tail`. */
export interface TailSocket {
  /** Nothing happens where it has closed. */
  send(text: string): void;
  /** Its listener hears nothing any more. */
  close(): void;
}

export interface TailListener {
  received(data: string | Uint8Array): void;
  /** However an open socket came to its end; once. */
  closed(): void;
}

export interface TailTransport {
  /** The edge's doors are closed: a socket is opened with a ticket (`shared/api/tickets.ts`). */
  readonly ticketed: boolean;
  /**
   * Resolves when the socket is open. Rejects, with whatever reason, where none can be had: a browser does not tell a
   * refused upgrade from a network that is gone. The signal gives up an attempt, and does nothing to an open socket.
   */
  connect(protocols: readonly string[], listener: TailListener, signal: AbortSignal): Promise<TailSocket>;
}
