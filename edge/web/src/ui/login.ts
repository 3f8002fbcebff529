import { useSyncExternalStore } from "react";
import { mayBeSignedIn, Problem, type User } from "../net/api";
import * as rest from "../net/rest";
import { Store } from "../room/store";

/** Who sits here: one store for the whole page. */
interface Login {
  status: "loading" | "in" | "out" | "unreachable";
  user: User | null;
}

const login = new Store<Login>({ status: "loading", user: null });

export const useLogin = (): Login => useSyncExternalStore(login.watch, login.get);

export function signedIn(user: User): void {
  login.set({ status: "in", user });
}

export function signedOut(): void {
  login.set({ status: "out", user: null });
}

export async function loadLogin(): Promise<void> {
  if (!mayBeSignedIn()) return signedOut();
  login.set({ status: "loading", user: null });
  try {
    signedIn(await rest.me());
  } catch (error) {
    if (error instanceof Problem && (error.status === 401 || error.status === 403)) signedOut();
    else login.set({ status: "unreachable", user: null });
  }
}
