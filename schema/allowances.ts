import type { Allowance } from '../api/apps/app.ts'
import { builder } from './builder.ts'
import { AppRef } from './refs.ts'

type InputFields = Parameters<NonNullable<Parameters<typeof builder.inputType>[1]['fields']>>[0]

export const allowField = (t: InputFields) =>
  t.stringList({
    description:
      'Administrators only: what to allow besides what every app may, each as `rule` (all of that rule in this file) or `rule:detail`. Anyone else gets FORBIDDEN.',
  })

const AllowanceRef = builder.objectRef<Allowance>('Allowance').implement({
  description: 'What an administrator allowed one service. It covers exactly this value.',
  fields: (t) => ({
    rule: t.exposeString('rule'),
    detail: t.exposeString('detail', { nullable: true, description: 'Null when the rule says it all.' }),
    service: t.exposeString('service', { description: 'Empty for the whole app.' }),
    by: t.exposeString('by', { description: 'A name, or "upgrade" for what an app had before there was a policy.' }),
    at: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
  }),
})

builder.objectFields(AppRef, (t) => ({
  allowances: t.field({
    type: [AllowanceRef],
    description: 'What the app may do that the safety policy does not allow by itself.',
    resolve: (app) => app.allowances,
  }),
}))
