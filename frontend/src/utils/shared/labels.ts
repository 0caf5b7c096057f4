import { byName } from './format.ts'
import type { NodeLabelInput } from '../../graphql/generated/graphql.ts'

export type Label = NodeLabelInput

const form = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?=[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/

/** A label as people write it, such as `env=lab`. */
export const labelText = ({ key, value }: NodeLabelInput): string => `${key}=${value}`

export function toLabel(text: string): NodeLabelInput {
  const [key = '', ...value] = text.trim().split('=')
  return { key, value: value.join('=') }
}

/** What is wrong with these labels, if anything. The server applies the same rule. */
export function labelsProblem(texts: string[]): string | undefined {
  const wrong = texts.find((text) => !form.test(text.trim()))
  if (wrong !== undefined) return `"${wrong}" is not a label. Enter a key and a value, such as env=lab`
  const keys = texts.map((text) => toLabel(text).key)
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  return twice === undefined ? undefined : `${twice} is there twice. A node has one value per key`
}

export const labelsIn = (nodes: { labels: Label[] }[]): string[] =>
  [...new Set(nodes.flatMap((node) => node.labels.map(labelText)))].sort(byName)

export const labelKeysIn = (nodes: { labels: Label[] }[]): string[] =>
  [...new Set(nodes.flatMap((node) => node.labels.map(({ key }) => key)))].sort(byName)

export const hasLabels = (labels: Label[], wanted: string[]): boolean => {
  const own = new Set(labels.map(labelText))
  return wanted.every((each) => own.has(each))
}
