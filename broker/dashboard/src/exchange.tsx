// One exchange: when it came past each hop, its fields, its names.
import { bytes, duration, moment } from "./format";
import { hopsOf } from "./hops";
import { Facts, MachineLink, Status } from "./parts";
import type { Exchange, Field } from "./types";

// With a mark where it had not ended.
export const lasted = ({ ms, open, unsure }: Exchange) => `${duration(ms)}${unsure ? " ?" : open ? " …" : ""}`;

const ended = ({ time, open, unsure }: Exchange) =>
  unsure ? "unknown: what was told of it was missed" : open ? "it goes on" : moment(time);

const percent = (part: number, whole: number) => `${whole > 0 ? (100 * part) / whole : 0}%`;

// The share of each hop of the whole, as one thin bar.
export const HopBar = ({ exchange }: { exchange: Exchange }) => (
  <span class="hops" aria-hidden="true">
    {hopsOf(exchange).map((hop) => (
      <i key={hop.name} class={`hop ${hop.name}`} style={{ width: percent(hop.to - hop.from, exchange.ms) }} />
    ))}
  </span>
);

const Waterfall = ({ exchange }: { exchange: Exchange }) => (
  <ol class="waterfall">
    {hopsOf(exchange).map((hop) => (
      <li key={hop.name}>
        <span>{hop.name}</span>
        <span class="lane">
          <i class={`hop ${hop.name}`}
            style={{ marginLeft: percent(hop.from, exchange.ms), width: percent(hop.to - hop.from, exchange.ms) }} />
        </span>
        <span class="num">{duration(hop.to - hop.from)}</span>
      </li>
    ))}
  </ol>
);

const Fields = ({ name, fields }: { name: string; fields: Field[] | undefined }) => (
  <>
    <h3>{name}</h3>
    {fields ? (
      <table class="fields">
        <tbody>
          {fields.map(([field, value], index) => (
            <tr key={index}><th scope="row">{field}</th><td class={value.includes("[redacted]") ? "redacted" : ""}>{value}</td></tr>
          ))}
        </tbody>
      </table>
    ) : <p class="note">None: the broker answered by itself, or it goes on.</p>}
  </>
);

export function ExchangeView({ exchange, onClose }: { exchange: Exchange; onClose: () => void }) {
  return (
    <aside class="detail" aria-label="Exchange">
      <div class="tools">
        <h2><Status status={exchange.status} open={exchange.open} /> {exchange.method} {exchange.host}</h2>
        <button class="quiet" onClick={onClose} aria-label="Close" title="Close (Escape)">✕</button>
      </div>
      <p class="target"><code>{exchange.target}</code></p>
      {exchange.error && <p class="failure">{exchange.error}</p>}
      <Waterfall exchange={exchange} />
      <Facts rows={[
        ["Ended", ended(exchange)], ["Whole", lasted(exchange)],
        ["Client", `${exchange.client} ${exchange.protocol ?? ""}`], ["Machine", <MachineLink id={exchange.machine} />],
        ["Port", exchange.port || "—"], ["Led by", exchange.route_class], ["Project", exchange.project ?? "—"],
        ["Route", exchange.route ?? "—"], ["Out", bytes(exchange.bytes)], ["In", bytes(exchange.bytes_in)],
        ["Trace", <code>{exchange.trace_id ?? "—"}</code>], ["Request id", <code>{exchange.request_id ?? "—"}</code>],
      ]} />
      <Fields name="Request" fields={exchange.request_fields} />
      <Fields name="Response" fields={exchange.response_fields} />
    </aside>
  );
}
