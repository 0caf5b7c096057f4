import type { AutoUpdate } from '../api/apps/images/auto-update.ts'
import type { HeldUpdate } from '../api/apps/images/held-update.ts'
import { holdReasons } from '../api/apps/images/hold-reasons.ts'
import type { AppSchedule } from '../api/apps/schedules/schedule.ts'
import { appActions } from '../api/user/apps.ts'
import { action, builder } from './builder.ts'
import { upperCased } from './enum-values.ts'
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

const AutoUpdateHoldReason = builder.enumType('AutoUpdateHoldReason', {
  values: upperCased(holdReasons, {
    stopped: 'The app is stopped.',
    'docker-away': 'Docker does not answer on the node.',
    'node-away': 'The node cannot be reached from here. It updates the app by itself if it runs.',
    'not-checked': 'The registry could not be asked.',
    'too-young': 'The newer image is younger than `minimumAgeHours`.',
    'failed-before': 'The app failed with the newer images.',
    'outside-window': 'It waits for the next window.',
    unknown: 'A reason of a newer version.',
  }),
})

const AutoUpdateHold = builder.objectRef<HeldUpdate>('AutoUpdateHold').implement({
  fields: (t) => ({
    reason: t.field({ type: AutoUpdateHoldReason, resolve: ({ reason }) => reason }),
    message: t.exposeString('message'),
    since: t.field({ type: 'DateTime', resolve: ({ since }) => since }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it ends, if time alone ends it.',
      resolve: ({ until }) => until,
    }),
  }),
})

const AutoUpdateRef = builder.objectRef<AutoUpdate>('AutoUpdate').implement({
  description: "When the node updates the app's images by itself, also while the primary is away.",
  fields: (t) => ({
    cron: t.exposeString('cron', { description: 'When a window opens: minute, hour, day of the month, month, day of the week.' }),
    timeZone: t.exposeString('timeZone'),
    windowMinutes: t.exposeInt('windowMinutes', { description: 'How long it stays open. Nothing starts outside of it.' }),
    minimumAgeHours: t.exposeInt('minimumAgeHours', {
      description: 'How long ago the registry must first have been seen to name an image.',
    }),
    nextRuns: t.field({ type: ['DateTime'], description: 'When the next five windows open.', resolve: ({ nextRuns }) => nextRuns }),
    held: t.field({
      type: AutoUpdateHold,
      nullable: true,
      description: 'Why a newer image is not deployed now, or could not be looked for. Null when nothing is held back.',
      resolve: ({ held }) => held,
    }),
  }),
})

builder.objectField(AppRef, 'autoUpdate', (t) =>
  t.field({
    type: AutoUpdateRef,
    nullable: true,
    description: 'Null: images are updated when someone asks.',
    resolve: (app) => app.autoUpdate,
  }),
)

const AutoUpdateInput = builder.inputType('AutoUpdateInput', {
  fields: (t) => ({
    cron: t.string({ required: true, description: 'Minute, hour, day of the month, month, day of the week, such as `0 3 * * 6`.' }),
    timeZone: t.string({ required: true, description: 'Such as `Europe/Berlin`.' }),
    windowMinutes: t.int({ defaultValue: 60 }),
    minimumAgeHours: t.int({ defaultValue: 0 }),
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
  setAutoUpdate: t.field({
    type: AppRef,
    ...action(appActions.setAutoUpdate),
    description:
      "Updates the app's images by itself within a window, judged by the health gate. Images with which the app failed are never tried again. Without a policy, turns it off.",
    args: { id: t.arg.id({ required: true }), policy: t.arg({ type: AutoUpdateInput }) },
    resolve: (_root, { id, policy }, { user }) => user.apps.setAutoUpdate({ id, policy: policy ?? null }),
  }),
}))
