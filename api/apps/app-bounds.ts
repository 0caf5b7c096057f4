import { bounds, cutOrNull, firstOf, jsonBytes } from '../bounds.ts'
import type { App, Container } from './app.ts'

/** An app as it may be told: whatever its containers say, or an older version took in, it fits what a primary reads. */
export function withinBounds(app: App): App {
  const { kept, more } = firstOf(app.containers, bounds.app.containers)
  const fitting = firstThatFit(kept)
  return {
    ...app,
    description: cutOrNull(app.description, bounds.app.description),
    statusReason: cutOrNull(app.statusReason, bounds.app.statusReason),
    containers: fitting,
    moreContainers: app.moreContainers + more + kept.length - fitting.length,
  }
}

function firstThatFit(containers: Container[]): Container[] {
  let left: number = bounds.app.containersBytes
  if (containers.reduce((sum, container) => sum + mostBytesOf(container), 0) <= left) return containers
  const end = containers.findIndex((container) => (left -= jsonBytes(container)) < 0)
  return end < 0 ? containers : containers.slice(0, end)
}

/** What it can weigh at most; to measure each of thousands with every change would cost more than all the rest. */
const mostBytesOf = ({ id, name, service, image, statusText, ports }: Container): number =>
  700 + 6 * (id.length + name.length + service.length + image.length + statusText.length) + 1000 * ports.length
