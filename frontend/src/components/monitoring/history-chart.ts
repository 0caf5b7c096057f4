import uPlot from 'uplot'
import type { MarkItem } from '../../graphql/items.ts'
import { inUnit, type Chart } from '../../utils/monitoring/history-charts.ts'
import { drawMarks } from './mark-lines.ts'

const chartHeight = 160

const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const longestWithTime = 2 * 86_400

/** The colors of lines, in order. */
export const lineColors = ['--ui-primary', '--ui-info', '--ui-warning', '--ui-success', '--ui-error', '--ui-text-muted']

/** So that a little noise near zero does not look like much. */
const lowestTop: Record<Chart['unit'], number> = { percent: 10, bytes: 1, rate: 1 }

type Color = (name: string) => string

function axesOf(unit: Chart['unit'], span: [number, number], font: string, color: Color): uPlot.Axis[] {
  const axis: uPlot.Axis = {
    stroke: color('--ui-text-muted'),
    font: `11px ${font}`,
    grid: { stroke: color('--ui-border'), width: 1 },
    ticks: { show: false },
  }
  const format = span[1] - span[0] > longestWithTime ? day : time
  return [
    { ...axis, space: 70, size: 26, values: (_chart, seconds) => seconds.map((each) => format.format(each * 1000)) },
    { ...axis, size: 66, values: (_chart, values) => values.map((value) => inUnit(unit, value)) },
  ]
}

const seriesOf = (lines: Chart['lines'], color: Color): uPlot.Series[] => [
  {},
  ...lines.map((_, i) => ({ stroke: color(lineColors[i % lineColors.length] ?? ''), width: 1.75, points: { show: false } })),
]

const dataOf = ({ times, lines }: Chart): uPlot.AlignedData => [times, ...lines.map(({ values }) => values)]

/** One chart, in the theme's colors at the time of the call. All charts with the same `group` share their cursor. */
export function createHistoryChart(parent: HTMLElement, group: string, onCursor: (index: number | undefined) => void) {
  const style = getComputedStyle(parent)
  const color: Color = (name) => style.getPropertyValue(name).trim()
  let marks: MarkItem[] = []
  let chosen: MarkItem | undefined
  let plot: uPlot | undefined
  let shape = ''
  let span: [number, number] = [0, 1]

  function build(chart: Chart): uPlot {
    return new uPlot(
      {
        width: Math.max(parent.clientWidth, 120),
        height: chartHeight,
        scales: { x: { range: () => span }, y: { range: (_chart, _low, high) => [0, Math.max(lowestTop[chart.unit], (high || 0) * 1.1)] } },
        axes: axesOf(chart.unit, span, style.fontFamily, color),
        series: seriesOf(chart.lines, color),
        // The component has its own legend, with values as text.
        legend: { show: false },
        cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false }, sync: { key: group } },
        hooks: {
          draw: [(drawn) => drawMarks(drawn, marks, chosen, color)],
          setCursor: [(drawn) => onCursor(drawn.cursor.idx ?? undefined)],
        },
      },
      dataOf(chart),
      parent,
    )
  }

  return {
    show(chart: Chart, shown: { span: [number, number]; marks: MarkItem[]; chosen: MarkItem | undefined }): void {
      ;({ span, marks, chosen } = shown)
      const now = JSON.stringify([chart.unit, chart.lines.map(({ label }) => label), Math.round(span[1] - span[0])])
      if (plot && now === shape) return plot.setData(dataOf(chart))
      plot?.destroy()
      plot = build(chart)
      shape = now
    },
    setWidth: (width: number): void => plot?.setSize({ width: Math.max(width, 120), height: chartHeight }),
    destroy: (): void => plot?.destroy(),
  }
}
