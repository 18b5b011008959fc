/** Of the `sync` event that pages ask for and the service worker answers. */
export const BACKGROUND_SYNC_TAG = "strandline";
