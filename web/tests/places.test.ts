import { expect, test } from "vitest";
import { format, parse, VIEWS } from "../src/places";

test("every view has its address, and comes back from it", () => {
  for (const view of [...VIEWS, "item" as const]) expect(parse(format(view, "", []), "").view).toBe(view);
  expect(parse("/", "").view).toBe("now");
  expect(parse("/nothing", "").view).toBe("");
});

test("keys survive the address", () => {
  for (const key of ["PRJ-1/ITEM-2", "a b", "ü%/é", "x?y#z"]) {
    const [path = ""] = format("item", key, [["w", "1"]]).split("?");
    expect(parse(path, "").rest).toBe(key);
  }
  expect(parse("/item/%E0%A4%A", "").rest).toBe("%E0%A4%A");
});

test("empty values leave no trace", () => {
  expect(format("backlog", "", [["w", ""], ["q", "a&b"]])).toBe("/backlog?q=a%26b");
});
