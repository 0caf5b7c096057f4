import uPlot from 'uplot'
import type { Sample } from '../../composables/monitoring/useNodeStats.ts'

const height = 180
/** A new series is drawn on a one-minute axis, not stretched over the whole width. */
const shortestSpanSeconds = 60

const clockTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })

/** The axis for these times. Without samples it ends now. uPlot's own limits are no use: for one sample they span 1000 days. */
function spanOf(times: ArrayLike<number>): [number, number] {
  const end = times[times.length - 1] ?? Date.now() / 1000
  return [Math.min(times[0] ?? end, end - shortestSpanSeconds), end]
}

/** CPU and memory in percent over time, in the theme's colors at the time of the call. */
export function createSeriesChart(parent: HTMLElement) {
  const style = getComputedStyle(parent)
  const color = (name: string): string => style.getPropertyValue(name).trim()
  const axis: uPlot.Axis = {
    stroke: color('--ui-text-muted'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: color('--ui-border'), width: 1 },
    ticks: { show: false },
  }
  const line = (name: string): uPlot.Series => ({ stroke: color(name), width: 1.75, points: { show: false } })
  const chart = new uPlot(
    {
      width: Math.max(parent.clientWidth, 120),
      height,
      scales: {
        x: { range: ({ data: [times] }) => spanOf(times) },
        y: { range: [0, 100] },
      },
      axes: [
        { ...axis, space: 90, size: 28, values: (_chart, seconds) => seconds.map((each) => clockTime.format(each * 1000)) },
        { ...axis, size: 42, values: (_chart, values) => values.map((value) => `${value}%`) },
      ],
      series: [{}, line('--ui-primary'), line('--ui-info')],
      // The component has its own legend, with the latest values as text.
      legend: { show: false },
      cursor: { show: false },
    },
    [[], [], []],
    parent,
  )

  return {
    setSeries: (samples: Sample[]): void =>
      chart.setData([samples.map((s) => s.time), samples.map((s) => s.cpuPercent), samples.map((s) => s.memoryPercent)]),
    setWidth: (width: number): void => chart.setSize({ width: Math.max(width, 120), height }),
    destroy: (): void => chart.destroy(),
  }
}
