import { t, tCode } from "../messages";
import { Problem } from "../net/api";

/** What to tell a person about an error of the API. */
export function wordsFor(error: unknown): string {
  if (!(error instanceof Problem)) return t("problem.unknown");
  if (error.code === "unreachable") return t("problem.unreachable");
  return error.message || tCode("problem", error.code, "problem.unknown");
}

/** What to tell about a refused command; the server's sentence when there is one. */
export function wordsForRefusal(code: string, message: string): string {
  if (code === "unanswered") return t("notice.unanswered");
  return message || tCode("refusal", code, "refusal.other");
}
