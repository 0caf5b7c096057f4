import { bounds, cutOrNull, firstOf, jsonBytes } from '../bounds.ts'
import type { App, Container } from './app.ts'

/** Cuts an app to what a primary can read, whatever its containers report or an older version accepted. */
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

/** An upper limit in bytes. Measuring each of thousands of containers on every change would be too slow. */
const mostBytesOf = ({ id, name, service, image, statusText, ports }: Container): number =>
  700 + 6 * (id.length + name.length + service.length + image.length + statusText.length) + 1000 * ports.length
