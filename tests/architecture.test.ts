import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import {
  importerRule,
  layersRule,
  noCyclesRule,
  onceRule,
  strangersRule,
  useRule,
  type Rule,
  type Sources,
} from './helpers/architecture.ts'
import { importsOf } from './helpers/imports.ts'

const root = join(import.meta.dirname, '..')
const files = globSync(['api/**/*.ts', 'schema/**/*.ts', 'tests/**/*.ts', 'frontend/src/**/*.{ts,vue}'], { cwd: root })
const sources: Sources = new Map(
  files.filter((file) => !file.includes('/generated/')).map((file) => [file, readFileSync(join(root, file), 'utf8')]),
)

/** Files that anything in the server can import, because they depend on nothing else. */
const base = [
  ...[
    'errors',
    'events',
    'clock',
    'log',
    'retry',
    'private-file',
    'setting-types',
    'proxies',
    'bounds',
    'lenient',
    'storage-error',
    'disk-space',
  ],
  ...[
    'ordered-events',
    'loopback',
    'misspelling',
    'masked',
    'project-root',
    'own-command',
    'steering-names',
    'caller-patience',
    'one-at-a-time',
    'batches',
    'db/durability',
  ],
  ...['newest-wins', 'exit-words', 'operation-request', 'image-reference', 'reserved-addresses', 'proxies'],
].map((name) => `api/${name}.ts`)
/** Pure functions that run in the browser as well, so that it reads a text as the server does. They import only each other. */
const sharedWithDashboard = [
  'api/apps/environment/env-text.ts',
  'api/apps/schedules/cron-times.ts',
  'api/user/trouble.ts',
  'api/user/found-by.ts',
]
/** Domain words (closed lists of values). These files import nothing else. */
const words = [
  'api/apps/app.ts',
  'api/apps/operation.ts',
  'api/apps/logs/log-line.ts',
  'api/apps/removal-item.ts',
  'api/apps/compose/policy/compose-policy.ts',
  'api/apps/images/hold-reasons.ts',
  'api/apps/images/image-update.ts',
  'api/apps/versions/version.ts',
  'api/apps/schedules/schedule.ts',
  'api/monitoring/history/mark.ts',
  'api/monitoring/history/series.ts',
  'api/monitoring/timeline/timeline-entry.ts',
  'api/engine/thing.ts',
  'api/doctor/finding.ts',
  'api/terminals/terminal-message.ts',
  'api/cluster/members/node-about.ts',
  'api/cluster/alarms/alarm.ts',
  'api/notifications/channel.ts',
  'api/cluster/health/conditions.ts',
  'api/cluster/joining/join-hops.ts',
]
const domains = [
  'apps',
  'engine',
  'backup',
  'doctor',
  'registries',
  'monitoring',
  'settings',
  'auth',
  'notifications',
  'terminals',
  'tunnels',
].map((name) => `api/${name}/`)

/**
 * Which rooms of the cluster each room imports. Only rooms above it in this list, so no import runs back up. The files in
 * `api/cluster/` itself join rooms and can import all of them.
 */
const rooms = {
  calls: [],
  limits: [],
  members: [],
  transport: ['limits'],
  feed: ['limits', 'members', 'transport'],
  health: ['limits', 'members', 'transport', 'feed'],
  alarms: ['members', 'feed', 'health'],
  joining: ['members', 'transport'],
  keys: ['members', 'transport'],
  home: ['members', 'transport'],
}
const roomOf = (name: string): string => `api/cluster/${name}/`
/** How apps, operations and stats look as JSON, and the calls between nodes, which every room that calls makes from the same place. */
const wire = ['api/wire.ts', 'api/app-wire.ts', 'api/engine-wire.ts']
const nodeCalls = ['api/cluster/calls/', 'api/cluster/node-calls.ts']
const roomRules = Object.entries(rooms).map(([name, others]) =>
  layersRule(
    `cluster/${name} imports no rooms but ${others.join(', ') || 'itself'}`,
    [[roomOf(name), [...base, ...words, ...wire, ...nodeCalls, ...others.map(roomOf)]]],
    {
      [`${roomOf(name)}planted.ts`]: `import '../../errors.ts'\nimport type { A } from '../node-router.ts'\nimport { b } from '../node-router.ts'\n`,
    },
  ),
)

/** docs/architecture.md, "Which way imports go". Only runtime imports count, not `import type`. */
const layers = layersRule(
  'imports go one way',
  [
    ['api/docker/', base],
    ['api/db/', base],
    // The audit log says how an operation ended.
    ['api/auth/', [...base, 'api/apps/operation.ts', 'api/cluster/members/status-words.ts']],
    ['api/registries/', [...base, 'api/cluster/limits/token-bucket.ts']],
    ['api/notifications/', [...base, 'api/cluster/alarms/alarm.ts', 'api/cluster/members/labels.ts']],
    ...domains.map((domain) => [domain, base] as const),
    ['api/cluster/', [...base, ...words, ...wire]],
    [
      'api/http/',
      [
        ...base,
        'schema/',
        'api/auth/',
        'api/user/',
        ...wire,
        ...nodeCalls,
        'api/cluster/members/labels.ts',
        'api/cluster/feed/feed-wire.ts',
        'api/cluster/feed/feed-pace.ts',
        'api/cluster/transport/link-socket.ts',
      ],
    ],
    ['schema/', [...base, ...words, 'api/auth/', 'api/user/', 'api/cluster/members/labels.ts']],
    ['api/roles/', [...base, ...domains, 'api/cluster/', 'api/wire.ts']],
    ['api/services.ts', [...base, ...domains, 'api/cluster/', 'api/docker/', 'api/view-events.ts', 'api/backup-source.ts']],
    [
      'api/program.ts',
      [
        ...base,
        ...domains,
        'api/cluster/',
        'api/db/',
        'api/http/',
        'api/roles/',
        'api/scheduler.ts',
        'api/services.ts',
        'api/storage.ts',
        'api/backup-source.ts',
      ],
    ],
    ['api/main.ts', [...base, 'api/own-config.ts', 'api/program.ts', 'api/auth/sign-in-urls.ts']],
    ['api/own-config.ts', [...base, 'api/config.ts', 'api/cluster/home/kept-role.ts']],
    [
      'api/commands/',
      [
        ...base,
        ...domains,
        'api/docker/',
        'api/cluster/home/',
        'api/config.ts',
        'api/backup-source.ts',
        'api/own-config.ts',
        'api/program.ts',
        'api/http/openapi.ts',
      ],
    ],
    ['api/config.ts', [...base, ...words, 'api/auth/access-config.ts', 'api/apps/schedules/cron-times.ts']],
    ['api/backup-source.ts', [...base, 'api/cluster/home/identity.ts']],
    ['api/user/', [...base, ...words, 'api/auth/', 'api/cluster/members/labels.ts', ...nodeCalls]],
    ['api/wire.ts', [...base, ...words]],
    ['api/app-wire.ts', [...base, ...words, 'api/wire.ts']],
    ['api/engine-wire.ts', [...base, ...words, 'api/wire.ts']],
    // A new file in api/ can import only the base files unless it gets a line above.
    ['api/', base],
    ['frontend/src/', sharedWithDashboard],
  ],
  {
    'api/apps/planted.ts': `import type { Allowed } from '../cluster/feed-event.ts'\nimport { notAllowed } from '../cluster/members/node-registry.ts'\n`,
  },
)

const dashboard = (...folders: string[]): string[] => folders.map((folder) => `frontend/src/${folder}/`)

/** The dashboard's layers. App.vue, main.ts and router.ts stand above them. */
const dashboardLayers = layersRule(
  'the dashboard imports one way: pages, components, composables, graphql',
  [
    ['frontend/src/pages/', dashboard('components', 'composables', 'utils')],
    ['frontend/src/components/', dashboard('composables', 'utils')],
    ['frontend/src/composables/', dashboard('graphql', 'utils')],
    ['frontend/src/graphql/', dashboard('utils')],
    ['frontend/src/utils/', sharedWithDashboard],
  ],
  {
    'frontend/src/components/apps/planted.ts': `import type { Problem } from '../../graphql/problem.ts'\nimport { appsQuery } from '../../graphql/documents/apps.ts'\n`,
  },
)

/** Which domains of the dashboard each one imports besides itself and `shared`. Only domains above it in this list. */
const dashboardDomains = {
  shared: [],
  users: [],
  settings: [],
  reference: [],
  account: [],
  'sign-in': [],
  joining: [],
  monitoring: [],
  logs: [],
  nodes: [],
  operations: [],
  terminal: [],
  engine: ['logs', 'monitoring', 'operations', 'terminal'],
  apps: ['logs', 'nodes', 'operations', 'terminal'],
  audit: ['operations'],
  palette: ['apps', 'nodes'],
  shell: ['account', 'operations', 'palette', 'terminal'],
  overview: ['apps', 'monitoring', 'nodes', 'operations', 'shell'],
}
const domainFolders = (name: string): string[] => dashboard(`components/${name}`, `composables/${name}`, `utils/${name}`)
const domainRules = Object.entries(dashboardDomains).map(([name, others]) => {
  const mayLoad = [...sharedWithDashboard, ...dashboard('graphql'), ...[name, 'shared', ...others].flatMap(domainFolders)]
  return layersRule(
    `the dashboard's ${name} imports no domains but ${['shared', ...others].join(', ')}`,
    domainFolders(name).map((folder) => [folder, mayLoad] as const),
    {
      [`frontend/src/components/${name}/planted.ts`]: `import type { A } from '../pages/a.ts'\nimport { b } from '../elsewhere/b.ts'\n`,
    },
  )
})

const server = ['api/', 'schema/']

const rules: Rule[] = [
  layers,
  ...roomRules,
  dashboardLayers,
  strangersRule('frontend/src/components/', dashboard('pages')),
  strangersRule('frontend/src/composables/', dashboard('components', 'pages')),
  strangersRule('frontend/src/graphql/', dashboard('composables', 'components', 'pages')),
  strangersRule('frontend/src/utils/', dashboard('composables', 'components', 'pages')),
  ...domainRules,
  noCyclesRule,
  // A resolver that gets services could show what the caller may not see.
  strangersRule('schema/', ['api/services.ts']),
  importerRule('dockerode', ['api/docker/'], server),
  importerRule('child_process', ['api/docker/'], server),
  importerRule('node-cron', ['api/scheduler.ts'], server),
  importerRule('croner', ['api/apps/schedules/cron-times.ts'], server),
  importerRule('openid-client', ['api/auth/'], server),
  importerRule('systeminformation', ['api/monitoring/'], server),
  importerRule(
    'undici',
    [
      ...['node-sender', 'node-lanes', 'link-fetch'].map((name) => `api/cluster/transport/${name}.ts`),
      'api/registries/registry-http.ts',
      'api/notifications/guarded-post.ts',
    ],
    server,
  ),
  importerRule('nodemailer', ['api/notifications/senders/email.ts'], server),
  importerRule('ws', ['api/http/', 'api/cluster/transport/link-socket.ts'], server),
  importerRule('@mikro-orm/migrations', ['api/db/'], server),
  importerRule('@urql', ['frontend/src/composables/', 'frontend/src/graphql/'], ['frontend/src/']),
  importerRule('graphql-ws', ['frontend/src/graphql/'], ['frontend/src/']),
  useRule(
    'only entry points and the Docker code read the environment',
    'process.env',
    ['api/main.ts', 'api/own-config.ts', 'api/own-command.ts', 'api/commands/', 'api/docker/'],
    server,
  ),
  onceRule(
    'each route between nodes is declared once, among the calls',
    /(?:[A-Z]+ )?\/api\/internal\/[a-z{].*/,
    // A link is no call. Its path is where a WebSocket opens.
    ['api/cluster/calls/', 'api/cluster/transport/link-socket.ts'],
    ['api/'],
    'GET /api/internal/planted/{id}',
  ),
  ...['setTimeout', 'setInterval'].map((name) =>
    useRule(
      `time comes from the injected clock: ${name}`,
      name,
      // For a stop that hangs, for a measurement that takes real time, and for locks of other programs.
      ['api/clock.ts', 'api/main.ts', 'api/monitoring/host-stats.ts', 'api/db/waiting-connection.ts'],
      server,
    ),
  ),
  ...['setTimeout', 'setInterval', 'waitForTimeout', 'Atomics.wait'].map((name) =>
    useRule(
      `no test sleeps: ${name}`,
      name,
      // Deadlines of waits, things without an event (the end of a process), slow or stalled networks, where real time is the
      // fault itself, and benchmarks, which measure it.
      [
        ...[
          'seen',
          'node-process',
          'cluster',
          'reverse-proxy',
          'shell',
          'slow-line',
          'kill-rounds',
          'compose-processes',
          'ends-by-itself',
        ].map((name) => `tests/helpers/${name}.ts`),
        'tests/cluster/detection.test.ts',
        'tests/bench/',
      ],
      ['tests/'],
    ),
  ),
]

test('every room of the cluster has a rule', (t) => {
  const found = new Set([...sources.keys()].flatMap((file) => /^api\/cluster\/([^/]+)\//.exec(file)?.[1] ?? []))
  t.deepEqual([...found].toSorted(), Object.keys(rooms).toSorted())
})

for (const rule of rules) {
  test(rule.name, (t) => {
    t.deepEqual(rule.check(sources), [])
  })
  test(`finds a planted violation: ${rule.name}`, (t) => {
    t.is(rule.check(new Map(Object.entries(rule.planted))).length, 1)
  })
}

test('every way to load a file counts, except type imports', (t) => {
  const text = `
    import type { A } from './type-only.ts'
    export type { B } from './type-only.ts'
    // import './comment.ts'
    import './side-effect.ts'
    import c from './default.ts'
    import * as d from './namespace.ts'
    import { type E } from './inline-type.ts'
    export { f } from './re-export.ts'
    export * from './star.ts'
    const g = await import('./dynamic.ts')
    const h = require('./required.cjs')
    const text = "import './string.ts'"
  `
  t.deepEqual(
    importsOf('api/x.ts', text).map(({ specifier, line }) => `${line} ${specifier}`),
    [
      '5 ./side-effect.ts',
      '6 ./default.ts',
      '7 ./namespace.ts',
      '8 ./inline-type.ts',
      '9 ./re-export.ts',
      '10 ./star.ts',
      '11 ./dynamic.ts',
      '12 ./required.cjs',
    ],
  )
  const component = `<template><p /></template>\n<script setup lang="ts">\nimport { useQuery } from '@urql/vue'\n</script>\n`
  t.deepEqual(importsOf('frontend/src/X.vue', component), [{ specifier: '@urql/vue', line: 3 }])
})

test('where types count too, every way to import a type counts', (t) => {
  const text = `
    import type { A } from './type-only.ts'
    export type { B } from './type-export.ts'
    import { c } from './value.ts'
    type D = import('./inline.ts').D
  `
  t.deepEqual(
    importsOf('api/x.ts', text, { types: true }).map(({ specifier }) => specifier),
    ['./type-only.ts', './type-export.ts', './value.ts', './inline.ts'],
  )
})

test('every domain of the dashboard has its rule', (t) => {
  const found = files.flatMap((file) => /^frontend\/src\/(?:components|composables|utils)\/([^/]+)\//.exec(file)?.[1] ?? [])
  t.deepEqual([...new Set(found)].sort(), Object.keys(dashboardDomains).sort())
  t.deepEqual(
    files.filter((file) => /^frontend\/src\/(?:components|composables|utils)\/[^/]+$/.test(file)),
    [],
    'in no domain',
  )
})

test('the rules cover every part of the program', (t) => {
  for (const part of ['api/main.ts', 'api/docker/engine.ts', 'schema/index.ts', 'frontend/src/App.vue', 'tests/architecture.test.ts'])
    t.true(sources.has(part), part)
})
