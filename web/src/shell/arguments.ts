/** A form from the JSON Schema of an action's arguments. Pure. */

export interface Argument {
  name: string;
  kind: "text" | "number" | "flag" | "choice" | "json";
  required: boolean;
  doc: string;
  choices: string[];
  initial: string;
}

interface Schema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  description?: string;
  default?: unknown;
  anyOf?: Schema[];
  $ref?: string;
}

/** What a form asks for, in the order of the schema. Anything richer than a word, a number or a choice is JSON. */
export function argumentsOf(schema: Record<string, unknown>): Argument[] {
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  const required = (schema.required ?? []) as string[];
  const parts = (schema.$defs ?? {}) as Record<string, Schema>;
  return Object.entries(properties).map(([name, given]) => {
    const one = plain(given, parts);
    return {
      name,
      kind: kindOf(one),
      required: required.includes(name),
      doc: given.description ?? one.description ?? "",
      choices: (one.enum ?? []).map(String),
      initial: given.default === undefined || given.default === null ? "" : typeof given.default === "object" ? JSON.stringify(given.default) : String(given.default), // prettier-ignore
    };
  });
}

function plain(schema: Schema, parts: Record<string, Schema>): Schema {
  const real = schema.anyOf?.filter(({ type }) => type !== "null");
  if (real?.length === 1 && real[0]) return plain(real[0], parts);
  const part = schema.$ref && parts[schema.$ref.replace("#/$defs/", "")];
  return part ? plain(part, parts) : schema;
}

function kindOf({ type, enum: choices }: Schema): Argument["kind"] {
  if (choices) return "choice";
  if (type === "string") return "text";
  if (type === "integer" || type === "number") return "number";
  return type === "boolean" ? "flag" : "json";
}

/** The arguments to send; an argument left empty is not sent. Throws SyntaxError for a text that is no JSON. */
export function filled(fields: readonly Argument[], values: Record<string, string>): Record<string, unknown> {
  const args: Record<string, unknown> = {};
  for (const { name, kind } of fields) {
    const value = values[name] ?? "";
    if (value === "") continue;
    if (kind === "number") args[name] = Number(value);
    else if (kind === "flag") args[name] = value === "true";
    else args[name] = kind === "json" ? (JSON.parse(value) as unknown) : value;
  }
  return args;
}
