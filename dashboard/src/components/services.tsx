// All services, one after another.
import type { JSX } from "preact";
import { state } from "../store.ts";
import { Service } from "./service.tsx";

export function Services(): JSX.Element {
  const services = state.value?.services ?? [];
  return (
    <section aria-labelledby="services-title">
      <h2 id="services-title" class="section-title">
        Services <span class="quiet section-note">last 60 seconds</span>
      </h2>
      {services.length === 0 ? (
        <p class="empty">No service is configured yet.</p>
      ) : (
        <div class="services">
          {services.map((service) => (
            <Service key={service.name} service={service} />
          ))}
        </div>
      )}
    </section>
  );
}
