// What experience says: how often an action helped against which trouble.
import type { JSX } from "preact";
import type { Lesson } from "../../../src/model/lesson.ts";
import { duration, percent } from "../format.ts";
import { state } from "../store.ts";

function Row(props: { lesson: Lesson }): JSX.Element {
  const { lesson } = props;
  const share = lesson.tried === 0 ? 0 : lesson.verified / lesson.tried;
  return (
    <tr>
      <th scope="row">
        <code>{lesson.signature}</code>
      </th>
      <td data-label="action">{lesson.action}</td>
      <td data-label="tried" class="numeric">
        {lesson.tried}
      </td>
      <td data-label="verified" class="numeric">
        {lesson.verified} <span class="quiet">({percent(share)})</span>
      </td>
      <td data-label="mean recovery" class="numeric">
        {lesson.verified === 0 ? "–" : duration(lesson.meanRecoveryMs)}
      </td>
    </tr>
  );
}

export function Lessons(): JSX.Element {
  const lessons = state.value?.lessons ?? [];
  return (
    <section aria-labelledby="lessons-title">
      <h2 id="lessons-title" class="section-title">
        What it has learned
      </h2>
      {lessons.length === 0 ? (
        <p class="empty">Nothing yet. Each verified or failed action becomes a lesson here.</p>
      ) : (
        <table class="lessons">
          <thead>
            <tr>
              <th scope="col">Trouble</th>
              <th scope="col">Action</th>
              <th scope="col" class="numeric">
                Tried
              </th>
              <th scope="col" class="numeric">
                Verified
              </th>
              <th scope="col" class="numeric">
                Mean recovery
              </th>
            </tr>
          </thead>
          <tbody>
            {lessons.map((lesson) => (
              <Row key={`${lesson.signature} ${lesson.action}`} lesson={lesson} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
