/** A label as lists of labels name it, such as env=lab. */
export interface LabelPair {
  key: string
  value: string
}

/** Whether a node has all of these labels. */
export const hasLabels = (labels: Record<string, string>, pairs: readonly LabelPair[] | null | undefined): boolean =>
  !pairs || pairs.every(({ key, value }) => labels[key] === value)
