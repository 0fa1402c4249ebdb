/** The shared worker: one Link for all tabs of this browser, so that twenty tabs use one connection. */
import { Link, type Up } from "./link";

const ports = new Set<MessagePort>();
const link = new Link((message) => {
  for (const port of ports) port.postMessage(message);
});

interface SharedScope {
  onconnect: ((event: MessageEvent) => void) | null;
}

(self as unknown as SharedScope).onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  ports.add(port);
  port.onmessage = ({ data }: MessageEvent<Up>) => {
    if (data.type === "bye") ports.delete(port);
    else {
      if (data.type === "hello") {
        ports.add(port); // a page that came back from the browser's memory says hello again
        for (const message of link.snapshot) port.postMessage(message);
      }
      link.hear(data);
    }
  };
};
