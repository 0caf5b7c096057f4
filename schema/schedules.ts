import type { AppSchedule } from '../api/apps/schedules/schedule.ts'
import { appActions } from '../api/user/apps.ts'
import { action, builder } from './builder.ts'
import { AppRef } from './refs.ts'

const ScheduleAction = builder.enumType('ScheduleAction', {
  values: {
    START: { value: 'start' },
    STOP: { value: 'stop' },
    RESTART: { value: 'restart', description: 'Does nothing to an app that someone has stopped.' },
    UNKNOWN: { value: 'unknown', description: 'An action of a newer version.' },
  } as const,
})

const AppScheduleRef = builder.objectRef<AppSchedule>('AppSchedule').implement({
  description: 'Something that the node does to the app again and again, also while the primary is away.',
  fields: (t) => ({
    id: t.exposeID('id'),
    action: t.field({ type: ScheduleAction, resolve: (schedule) => schedule.action }),
    cron: t.exposeString('cron', { description: 'Minute, hour, day of the month, month, day of the week.' }),
    timeZone: t.exposeString('timeZone'),
    enabled: t.exposeBoolean('enabled'),
    nextRuns: t.field({
      type: ['DateTime'],
      description: 'The next five times. Empty while it is not enabled.',
      resolve: (schedule) => schedule.nextRuns,
    }),
  }),
})

builder.objectField(AppRef, 'schedules', (t) => t.field({ type: [AppScheduleRef], resolve: (app) => app.schedules }))

const AppScheduleInput = builder.inputType('AppScheduleInput', {
  fields: (t) => ({
    action: t.field({ type: ScheduleAction, required: true }),
    cron: t.string({ required: true, description: 'Minute, hour, day of the month, month, day of the week, such as `30 3 * * 1-5`.' }),
    timeZone: t.string({ required: true, description: 'Such as `Europe/Berlin`.' }),
    enabled: t.boolean({ defaultValue: true }),
  }),
})

builder.mutationFields((t) => ({
  setAppSchedules: t.field({
    type: AppRef,
    ...action(appActions.setAppSchedules),
    description: "Replaces the app's schedules.",
    args: { id: t.arg.id({ required: true }), schedules: t.arg({ type: [AppScheduleInput], required: true }) },
    resolve: (_root, args, { user }) => user.apps.setAppSchedules(args),
  }),
}))
