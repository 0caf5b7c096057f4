import type uPlot from 'uplot'
import type { MarkItem } from '../../graphql/items.ts'

const colors: Record<MarkItem['kind'], string> = {
  DEPLOY: '--ui-success',
  RESTART: '--ui-warning',
  OUTAGE: '--ui-error',
  MAINTENANCE: '--ui-info',
  UNKNOWN: '--ui-text-muted',
}

/** Draws a line where something happened, and a band where it lasted. The chosen one is thick. */
export function drawMarks(chart: uPlot, marks: MarkItem[], chosen: MarkItem | undefined, color: (name: string) => string): void {
  const { ctx, bbox } = chart
  const x = (iso: string): number => chart.valToPos(Date.parse(iso) / 1000, 'x', true)
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  for (const mark of marks) {
    const left = x(mark.at)
    ctx.strokeStyle = ctx.fillStyle = color(colors[mark.kind])
    ctx.lineWidth = mark === chosen ? 4 : 1.5
    ctx.setLineDash(mark.kind === 'RESTART' ? [3, 3] : [])
    if (mark.kind === 'OUTAGE' || mark.kind === 'MAINTENANCE') {
      ctx.globalAlpha = 0.15
      ctx.fillRect(left, bbox.top, Math.max(2, (mark.until ? x(mark.until) : bbox.left + bbox.width) - left), bbox.height)
      ctx.globalAlpha = 1
    }
    ctx.beginPath()
    ctx.moveTo(left, bbox.top)
    ctx.lineTo(left, bbox.top + bbox.height)
    ctx.stroke()
  }
  ctx.restore()
}
