/** Lays a graph out beside the page, so that nothing stands still meanwhile. */
import type { Wanted } from "./drawing";
import { drawn } from "./layout";

addEventListener("message", (event: MessageEvent<Wanted>) => {
  postMessage(drawn(event.data));
});
