import type { LabelPair } from '../api/cluster/members/labels.ts'
import { builder } from './builder.ts'

export const NodeLabel = builder.objectRef<LabelPair>('NodeLabel').implement({
  fields: (t) => ({ key: t.exposeString('key'), value: t.exposeString('value') }),
})

export const NodeLabelInput = builder.inputType('NodeLabelInput', {
  fields: (t) => ({ key: t.string({ required: true }), value: t.string({ required: true }) }),
})

export const toLabels = (pairs: LabelPair[] | null | undefined): Record<string, string> | undefined =>
  pairs ? Object.fromEntries(pairs.map(({ key, value }) => [key, value])) : undefined
