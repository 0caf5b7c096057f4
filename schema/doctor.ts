import { findingStates, type Finding } from '../api/doctor/finding.ts'
import { builder, permission } from './builder.ts'
import { upperCased } from './enum-values.ts'

const FindingState = builder.enumType('FindingState', { description: 'From good to bad.', values: upperCased(findingStates) })

const DoctorFinding = builder.objectRef<Finding>('DoctorFinding').implement({
  description: 'What the doctor found about one subject, such as Docker or a node.',
  fields: (t) => ({
    subject: t.exposeString('subject'),
    state: t.field({ type: FindingState, resolve: ({ state }) => state }),
    message: t.exposeString('message'),
    remedy: t.exposeString('remedy', { nullable: true, description: 'What to do. Null when nothing needs doing.' }),
  }),
})

builder.queryFields((t) => ({
  doctor: t.field({
    type: [DoctorFinding],
    ...permission('settings.change'),
    description:
      'Looks at what the node that answers needs: Docker, Compose, disks, permissions, clocks, and its primary or its nodes in both directions. Takes seconds.',
    resolve: (_root, _args, { user }) => user.doctor.look(),
  }),
}))
