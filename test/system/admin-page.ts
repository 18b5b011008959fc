/** A page whose client the runner administers with. */
import { Strandline, StrandlineError, type Admin } from "../../client/index.ts";

declare global {
  interface Window {
    strandline: Strandline;
    admin: Admin;
    /** The code and the details with which a call rejects. */
    refusal(call: Promise<unknown>): Promise<string>;
  }
}

const url = new URLSearchParams(location.search).get("edge") ?? "";
window.strandline = new Strandline({ url, retry: { initialRetryTime: 50, maxRetryTime: 500 } });
window.admin = window.strandline.admin();
window.refusal = (call) =>
  call.then(
    () => "no refusal",
    (error: unknown) => (error instanceof StrandlineError ? error.code : String(error)),
  );
