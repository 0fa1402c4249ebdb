/**
 * openapi.json -> src/client/: the types of every answer (types.gen.ts), and which route takes and gives what (routes.ts).
 * The requests themselves are src/api.ts's: one guarded way to the service.
 */
import { readFile, writeFile } from "node:fs/promises";
import { createClient } from "@hey-api/openapi-ts";

await createClient({ input: "./openapi.json", output: "./src/client", plugins: ["@hey-api/typescript"], logs: { level: "warn" } });

const { paths } = JSON.parse(await readFile("./openapi.json", "utf-8"));
const types = await readFile("./src/client/types.gen.ts", "utf-8");
const has = (name) => types.includes(`export type ${name} =`);
const rows = { get: [], other: [] };
for (const [path, methods] of Object.entries(paths))
  for (const [method, operation] of Object.entries(methods)) {
    const name = operation.operationId.split(/[^A-Za-z0-9]+/).map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join(""); // prettier-ignore
    if (!has(`${name}Data`)) throw new Error(`${method} ${path}: no type ${name}Data was generated`);
    const answer = has(`${name}Response`) ? `Gen.${name}Response` : "unknown";
    if (method === "get") {
      const places = new Set((operation.parameters ?? []).map((parameter) => parameter.in));
      const params = ["path", "query"].filter((place) => places.has(place)).map((place) => `NonNullable<Gen.${name}Data["${place}"]>`);
      rows.get.push(`  "${path}": { params: ${params.join(" & ") || "Record<string, never>"}; answer: ${answer} };`);
    } else rows.other.push(`  "${method.toUpperCase()} ${path}": { body: Gen.${name}Data["body"]; answer: ${answer} };`);
  }
await writeFile(
  "./src/client/routes.ts",
  ["// made by client.mjs", 'import type * as Gen from "./types.gen";',
   "export interface Reads {", ...rows.get, "}", "export interface Writes {", ...rows.other, "}", ""].join("\n"), // prettier-ignore
);
