// The page as a whole: what is always there, and the part that the address names.
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Approvals } from "./components/approvals.tsx";
import { StaleBanner, staleClass, Waiting } from "./components/connection.tsx";
import { Help } from "./components/help.tsx";
import { PauseBanner } from "./components/pause-banner.tsx";
import { StopQuestion } from "./components/stop-button.tsx";
import { ToastList } from "./components/toast-list.tsx";
import { TopBar } from "./components/top-bar.tsx";
import { UndeliveredBanner } from "./components/undelivered-banner.tsx";
import { Verdict } from "./components/verdict.tsx";
import { IncidentPage } from "./routes/incident-page.tsx";
import { NowPage } from "./routes/now-page.tsx";
import { route } from "./routes/router.ts";
import { state } from "./store.ts";
import { verdictLook } from "./words.ts";

/** The tab tells the verdict too. */
function useTabTitle(): void {
  const view = state.value;
  const title =
    view === undefined
      ? "Homeostat"
      : `${verdictLook[view.verdict.tone].word} · ${view.project} · Homeostat`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}

export function App(): JSX.Element {
  useTabTitle();
  const view = state.value;
  const at = route.value;
  const tone = view === undefined ? "none" : view.verdict.tone;
  return (
    <div class={`page verdict-${tone} ${staleClass()}`}>
      <TopBar />
      <main>
        {view === undefined ? (
          <Waiting />
        ) : (
          <>
            <StaleBanner />
            <Verdict compact={at.page === "incident"} />
            <PauseBanner />
            <UndeliveredBanner />
            <Approvals />
            {at.page === "incident" ? <IncidentPage id={at.id} /> : <NowPage />}
          </>
        )}
      </main>
      <StopQuestion />
      <Help />
      <ToastList />
    </div>
  );
}
