/** Sends with an edge behind: at once on this device's disk, online or not, and at the edge when it can be reached. */
import { Strandline } from "strandline";

const url = new URLSearchParams(location.search).get("edge") ?? "http://localhost:8787";
const strandline = new Strandline({ url });
strandline.on("sync.state", ({ online }) => console.log(online ? "online" : "offline"));

const [stored] = await strandline
  .producer()
  .send({ topic: "orders", messages: [{ key: "k1", value: { item: "pear" } }] });
const receipt = stored!.receipt;
console.log(`on disk as ${receipt.id}`);

// This may take days. The receipt can be kept as text and asked again after a reload: `strandline.receipt(id)`.
const { topic, partition, offset } = await receipt.synced;
console.log(`at the edge as ${topic}-${partition}@${offset}`);
