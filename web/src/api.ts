/** The only door to the service: typed by its OpenAPI document (`src/client/`, generated). */
import type { Reads } from "./client/routes";
import { connection } from "./connection.svelte";
import { t } from "./i18n/index.svelte";

export type * from "./client/types.gen";
export type Route = keyof Reads & string;
export type Answer<R extends Route> = Reads[R]["answer"];
export type Params<R extends Route> = Reads[R]["params"];
export type Values = Record<string, string | number | boolean | undefined | null>;

/** Any refusal or fault, of the service or of the way to it. `code` DISCONNECTED and ABORTED are the page's own. */
export interface Failure {
  ok: false;
  status: number;
  code: string;
  reasons: string[];
  next: string;
}

/** What the service said yes to. */
export interface Done<T = unknown> {
  ok: true;
  value: T;
  /** Which reading of which workspace it was made from: the header X-Revision. */
  from?: { workspace: string; revision: number };
}

const REASONS_MAX = 200; // as many as a plan has gaps

/** `{name}` parts of the route are filled from the values; the others become the query. */
export function address(route: string, values: Values = {}): string {
  const rest = { ...values };
  const path = route.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = rest[name];
    delete rest[name];
    return encodeURIComponent(String(value ?? ""));
  });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(rest))
    if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

export function failure(status: number, body: unknown): Failure {
  const said = (typeof body === "object" && body !== null ? body : {}) as Partial<Record<keyof Failure, unknown>>;
  const reasons = Array.isArray(said.reasons) ? said.reasons.slice(0, REASONS_MAX).map(String) : [];
  return {
    ok: false,
    status,
    code: typeof said.code === "string" ? said.code : `HTTP_${status}`,
    reasons: reasons.length ? reasons : [t("error.answer", { status })],
    next: typeof said.next === "string" ? said.next : "",
  };
}

async function ask<T>(method: string, url: string, body?: unknown, signal?: AbortSignal): Promise<Done<T> | Failure> {
  for (let again = 0; ; again++) {
    try {
      const token = await connection.token(signal);
      const headers: Record<string, string> = { Authorization: `Bearer ${token}`, Accept: "application/json" };
      if (body !== undefined) headers["Content-Type"] = "application/json";
      const answer = await fetch(url, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
      if (answer.status === 401) {
        connection.expired(token);
        if (again < 2) continue; // waits for the next token; signed out, it waits until somebody lets the page in
      }
      const value: unknown = await parsed(answer);
      return answer.ok ? { ok: true, value: value as T, from: origin(answer) } : failure(answer.status, value);
    } catch {
      const code = signal?.aborted ? "ABORTED" : "DISCONNECTED";
      return { ok: false, status: 0, code, reasons: [t("error.unreachable")], next: t("error.unreachable.next") };
    }
  }
}

function origin(answer: Response): Done["from"] {
  const [workspace, revision] = (answer.headers.get("X-Revision") ?? "").split(" ");
  return workspace ? { workspace, revision: Number(revision) } : undefined;
}

async function parsed(answer: Response): Promise<unknown> {
  const kind = answer.headers.get("Content-Type") ?? "";
  if (answer.status === 204) return null;
  return kind.includes("json") ? answer.json() : answer.text();
}

export function read<R extends Route>(route: R, values: Values, signal?: AbortSignal): Promise<Done<Answer<R>> | Failure> {
  return ask("GET", address(route, values), undefined, signal);
}

/** Something only a person may do asks for the code first; the shell shows the dialog. Set by shell/ConfirmCode. */
export const confirmation: { ask: (refusal: Failure) => Promise<boolean> } = { ask: () => Promise.resolve(false) };

/** POST, PUT or DELETE. A refusal is an answer, never an exception. */
export async function send<T = unknown>(
  method: "POST" | "PUT" | "DELETE",
  route: string,
  values: Values = {},
  body: unknown = {},
): Promise<Done<T> | Failure> {
  const url = address(route, values);
  const answer = await ask<T>(method, url, body);
  if (answer.ok || answer.code !== "NEEDS_CONFIRMATION") return answer;
  return (await confirmation.ask(answer)) ? ask<T>(method, url, body) : answer;
}

export function confirmCode(code: string): Promise<Done | Failure> {
  return ask("POST", "/api/session/confirm", { code });
}
