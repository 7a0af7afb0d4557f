import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, logIn, logOut, Problem, wasLoggedIn, whenLoggedOut, type Who } from "./api";
import { Login } from "./login";
import { Machines } from "./machines";
import { Empty } from "./parts";
import { applyTheme, placesOf, Shell } from "./shell";
import { decoded, useWay } from "./way";
import { Changes } from "./changes";
import { Exchanges } from "./exchanges";
import { Overview } from "./overview";
import { Routes } from "./routes";
import { WhyPage } from "./why";

applyTheme();

function View({ who }: { who: Who }) {
  const way = useWay();
  const places = placesOf(who);
  const page = places.some((place) => place.page === way.page) ? way.page : places[0]!.page;
  useEffect(() => {
    document.title = `${places.find((place) => place.page === page)?.name} · ingress`;
  }, [page]);
  const out = () => void logOut().then(() => location.reload());
  return (
    <>
      <Shell who={who} page={page} onOut={out} />
      {page === "overview" && <Overview />}
      {page === "machines" && <Machines who={who} way={way} />}
      {page === "routes" && <Routes way={way} />}
      {page === "exchanges" && <Exchanges key={way.query.toString()} who={who} way={way} />}
      {page === "why" && <WhyPage way={way} />}
      {page === "changes" && <Changes who={who} />}
    </>
  );
}

// "#token=…", as `ingress-broker dev` prints it: taken out of the address at once.
function tokenOfLink(): string {
  const found = /^#token=(.+)$/.exec(location.hash);
  if (found) history.replaceState(null, "", location.pathname);
  return found ? decoded(found[1]!) : "";
}

// A link's token is for who has no session: any page of the web can lead here by a link, and would have somebody who is
// logged in go on as somebody else, unawares.
async function begin(link: string): Promise<Who> {
  try {
    return await get<Who>("/v1/session");
  } catch (error) {
    if (link && error instanceof Problem && error.status === 401) return logIn(link);
    throw error;
  }
}

function App() {
  const [who, setWho] = useState<Who | null | undefined>(undefined);
  const [reason, setReason] = useState("");
  useEffect(() => {
    // What else was under way is told the same, or is broken off as its view goes.
    whenLoggedOut((why) => {
      setReason((first) => first || why);
      setWho(null);
    });
    const link = tokenOfLink();
    begin(link).then(setWho, (error: unknown) => {
      const answered = error instanceof Problem && error.status !== 0;
      if (link || !(answered && error.status === 401) || wasLoggedIn()) setReason(error instanceof Error ? error.message : String(error));
      setWho(null);
    });
  }, []);
  if (who === undefined) return <><header class="bar"><span class="brand">ingress</span></header><Empty>Loading…</Empty></>;
  if (who === null) {
    const onIn = (now: Who) => {
      setReason("");
      setWho(now);
    };
    return <><header class="bar"><span class="brand">ingress</span></header><Login onIn={onIn} reason={reason} /></>;
  }
  return <View who={who} />;
}

const root = document.getElementById("app")!;
root.textContent = "";
render(<App />, root);
