import { bounds, cut, firstOf } from '../bounds.ts'
import { masked } from '../masked.ts'
import type { ThingLabel } from './thing.ts'

/** Labels of these names tend to hold secrets, such as the users of a reverse proxy. */
const telling = /pass|secret|token|credential|api[-_.]?key|auth\b|basicauth|users/i

/** Whether the value of a label or variable of this name is likely to be secret. */
export const tellsSecret = (name: string): boolean => telling.test(name)

/** A container's or volume's labels as people see them, without those of Compose, which are shown as what they mean. */
export function shownLabels(labels: Record<string, string>, hide: (text: string) => string, most: number): ThingLabel[] {
  const { labelName, labelValue } = bounds.thing
  const own = Object.entries(labels).filter(([name]) => !name.startsWith('com.docker.compose.'))
  return firstOf(own.toSorted(), most).kept.map(([name, value]) => ({
    name: cut(hide(name), labelName),
    value: tellsSecret(name) ? masked : cut(hide(value), labelValue),
  }))
}
