/**
 * What every answer carries: it is of the type it says, runs nothing and is framed by nobody, whatever a record holds, and
 * its address is told to nobody. Made with it, since headers that are added to it later cost as much as the rest of it.
 * HTTPS alone (HSTS) is the zone's to demand: it would hold for all that is served under the host's name.
 */
export const SECURE_HEADERS = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
} as const;
