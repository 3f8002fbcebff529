import { Component, lazy, type ReactNode, Suspense, useEffect } from "react";
import { t } from "../messages";
import { Home } from "./Home";
import { loadLogin, useLogin } from "./login";
import { Button, Loading, Message } from "./parts";
import { navigate, routeOf, usePath } from "./router";
import { SignIn } from "./SignIn";

// The class and the player are larger than everything before them: they come when they are needed.
const RoomPage = lazy(() => import("./RoomPage"));
const Player = lazy(() => import("./Player"));

export function App() {
  useEffect(() => {
    // A one-time link makes its own login; asking for the present one would only race with it.
    if (!(location.pathname === "/signin" && location.hash.includes("token="))) void loadLogin();
  }, []);
  return (
    <CrashGuard>
      <Suspense fallback={<Loading />}>
        <Routes />
      </Suspense>
    </CrashGuard>
  );
}

function Routes() {
  const route = routeOf(usePath());
  const { status, user } = useLogin();
  if (route.page === "unknown") return <NotFound />;
  if (route.page === "signin") return <SignIn />;
  if (status === "loading") return <Loading />;
  if (status === "unreachable") return <Unreachable />;
  if (route.page === "room") return <RoomPage key={route.room} room={route.room} user={user} />;
  if (!user) return <GoSignIn />;
  if (route.page === "home") return <Home user={user} />;
  return <Player key={route.recording} room={route.room} recording={route.recording} />;
}

function GoSignIn() {
  useEffect(() => {
    const next = location.pathname === "/" ? "" : `?next=${encodeURIComponent(location.pathname)}`;
    navigate(`/signin${next}`, "replace");
  }, []);
  return <Loading />;
}

function Unreachable() {
  return (
    <main className="center" id="content">
      <Message icon="warning" title={t("problem.unreachable")}>
        <Button tone="primary" onClick={() => void loadLogin()}>
          {t("app.retry")}
        </Button>
      </Message>
    </main>
  );
}

function NotFound() {
  return (
    <main className="center" id="content">
      <Message icon="warning" title={t("app.notFound")} hint={t("app.notFound.hint")}>
        <a className="button button-primary" href="/">
          {t("app.backHome")}
        </a>
      </Message>
    </main>
  );
}

/** A fault in one screen must not leave a blank page in front of a class. */
class CrashGuard extends Component<{ children: ReactNode }, { crashed: boolean }> {
  override state = { crashed: false };

  static getDerivedStateFromError() {
    return { crashed: true };
  }

  override render() {
    if (!this.state.crashed) return this.props.children;
    return (
      <main className="center" id="content">
        <Message icon="warning" title={t("app.crashed")} hint={t("app.crashed.hint")}>
          <Button tone="primary" onClick={() => location.reload()}>
            {t("app.reload")}
          </Button>
        </Message>
      </main>
    );
  }
}
