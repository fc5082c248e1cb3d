// The start: services, incidents and lessons.
import type { JSX } from "preact";
import { Incidents } from "../components/incidents.tsx";
import { Lessons } from "../components/lessons.tsx";
import { Services } from "../components/services.tsx";

export function NowPage(): JSX.Element {
  return (
    <div class="now">
      <Services />
      <Incidents />
      <Lessons />
    </div>
  );
}
