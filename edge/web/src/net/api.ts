/** The REST side: `/api/v1`, cookies for the login, one header against forged requests. */

export interface User {
  id: string;
  tenant: string;
  display_name: string;
  kind: "user" | "guest";
  capabilities: string[];
  room?: string | null;
}

/** RFC 9457 problem details with our stable `code`. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
  ) {
    super(detail);
    this.name = "Problem";
  }
}

const BASE = "/api/v1";

/** Calls the API; an expired login is renewed once and the call repeated. Throws Problem. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const key = method === "GET" ? null : crypto.randomUUID();
  let response = await send(method, path, body, key);
  if (response.status === 401 && !path.startsWith("/login") && (await renewLogin())) {
    response = await send(method, path, body, key);
  }
  if (!response.ok) throw await problemOf(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

let renewing: Promise<boolean> | null = null;

/**
 * Renews the login, once for all who ask at the same time: two renewals with one token would look
 * like theft. False when there is nothing to renew; throws Problem when the server is out of reach.
 */
export function renewLogin(): Promise<boolean> {
  if (!mayBeSignedIn()) return Promise.resolve(false);
  renewing ??= send("POST", "/login/refresh", undefined, null)
    .then((response) => {
      if (response.status >= 500) throw new Problem(response.status, "unreachable", "");
      return response.ok;
    })
    .finally(() => {
      renewing = null;
    });
  return renewing;
}

async function send(method: string, path: string, body: unknown, key: string | null): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrfToken(document.cookie);
  if (key !== null) headers["Idempotency-Key"] = key;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(BASE + path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch {
    throw new Problem(0, "unreachable", "");
  }
}

/** The cookies of a login that pages cannot read live as long as this one. */
export const mayBeSignedIn = (): boolean => csrfToken(document.cookie) !== "";

/** The readable CSRF cookie; on https its name carries the `__Host-` prefix. */
export function csrfToken(cookies: string): string {
  const match = /(?:^|;\s*)(?:__Host-)?cw_csrf=([^;]*)/.exec(cookies);
  return match?.[1] === undefined ? "" : decodeURIComponent(match[1]);
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as { code?: string; detail?: string; title?: string };
    return new Problem(response.status, body.code ?? "unknown", body.detail ?? body.title ?? "");
  } catch {
    return new Problem(response.status, response.status >= 500 ? "unreachable" : "unknown", "");
  }
}

/** Where a room's socket lives on this origin. */
export function liveUrl(room: string): string {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return `${scheme}://${location.host}${BASE}/rooms/${encodeURIComponent(room)}/live`;
}
