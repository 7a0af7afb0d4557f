// A plot over time, by uPlot; it takes its colours from the page's.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { clock } from "./format";

export interface Line {
  name: string;
  colour: string; // of a CSS custom property: "--good"
  fill?: boolean;
}

const HEIGHT = 150;

const timeOf = (seconds: number) => clock(new Date(seconds * 1000).toISOString());

const colourOf = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function optionsOf(lines: Line[], width: number, show: (value: number) => string, sync: string): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: colourOf("--faint"), grid: { stroke: colourOf("--line"), width: 1 }, ticks: { show: false },
    font: "11px system-ui, sans-serif",
  };
  return {
    width, height: HEIGHT, legend: { show: false }, padding: [8, 24, 0, 0],
    cursor: { sync: { key: sync }, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { time: true }, y: { range: (_plot, _least, most) => [0, most > 0 ? most * 1.15 : 1] } },
    axes: [{ ...axis, size: 24, space: 70, values: (_plot, values) => values.map(timeOf) }, { ...axis, size: 56, values: (_plot, values) => values.map((value) => show(value)) }],
    series: [{}, ...lines.map((line): uPlot.Series => ({
      label: line.name, stroke: colourOf(line.colour), width: 1.5, points: { show: false }, spanGaps: false,
      ...(line.fill ? { fill: `${colourOf(line.colour)}22` } : {}),
    }))],
  };
}

interface Props {
  title: string;
  lines: Line[];
  data: uPlot.AlignedData;
  show: (value: number) => string;
}

export function Plot({ title, lines, data, show }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(data);
  latest.current = data;
  useLayoutEffect(() => {
    const node = place.current!;
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(lines, node.clientWidth, show, "overview"), latest.current, node);
    };
    make();
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: node.clientWidth, height: HEIGHT }));
    sizes.observe(node);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", make);
    addEventListener("themechange", make);
    return () => {
      sizes.disconnect();
      scheme.removeEventListener("change", make);
      removeEventListener("themechange", make);
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setData(data), [data]);
  const last = (index: number) => data[index + 1]?.at(-1);
  return (
    <figure class="plot">
      <figcaption>
        <b>{title}</b>
        {lines.map((line, index) => (
          <span key={line.name}>
            <i class={`key ${line.colour.slice(2)}`} />{line.name} <b class="num">{last(index) == null ? "—" : show(last(index)!)}</b>
          </span>
        ))}
      </figcaption>
      <div ref={place} role="img" aria-label={`${title} over the last hour`} />
    </figure>
  );
}
