/** What every answer carries. Made with it, since headers that are added to it later cost as much as the rest of it. */
export const SECURE_HEADERS = { "x-content-type-options": "nosniff" } as const;
