import { expect, test } from "vitest";
import { EventReader, type StreamEvent } from "../src/sse";

const read = (...chunks: string[]): StreamEvent[] => {
  const events: StreamEvent[] = [];
  const reader = new EventReader((event) => events.push(event));
  for (const chunk of chunks) reader.push(chunk);
  return events;
};

test("an event is name, id and data", () => {
  expect(read("id: 7\nevent: state\ndata: {}\n\n")).toEqual([{ id: "7", name: "state", data: "{}" }]);
});

test("wherever the chunks are cut, the events are the same", () => {
  const text = ": beat\r\n\r\nid: 1\r\nevent: a\r\ndata: x\r\ndata: y\r\n\r\ndata:  z\n\nretry: 5\n\nid:2\rdata\r\rdata: é\n\n";
  const whole = read(text, "\n");
  expect(whole.map(({ data }) => data)).toEqual(["x\ny", " z", "", "é"]);
  for (let cut = 1; cut < text.length; cut++)
    for (const other of [cut, Math.min(text.length, cut + 3)])
      expect(read(text.slice(0, cut), text.slice(cut, other), text.slice(other), "\n")).toEqual(whole);
});

test("the id stays until another comes", () => {
  expect(read("id: 3\ndata: a\n\ndata: b\n\n").map(({ id }) => id)).toEqual(["3", "3"]);
});

test("an endless event is broken off", () => {
  expect(() => read(..."x".repeat(50).split("").map(() => "data: " + "y".repeat(100_000) + "\n"))).toThrow("too large");
});
