import { hostname } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { accessProblems, accessSettings, signInSettings, toAccess, type AccessConfig } from './auth/access-config.ts'
import { cronProblem } from './apps/schedules/cron-times.ts'
import type { PolicySettings } from './apps/compose/policy/app-policy.ts'
import type { AuditBounds } from './auth/audit-retention.ts'
import { proxiesOf, type Proxies } from './proxies.ts'
import { StartError } from './errors.ts'
import { connectionModes, type ConnectionMode } from './cluster/members/node-about.ts'
import { ownCommand } from './own-command.ts'
import type { KeptRole } from './cluster/home/kept-role.ts'
import { bounds, isPrintable, unprintableWords } from './bounds.ts'
import { absolutePaths, address, atLeast, count, flag, httpUrl, optional, seconds, shorterThan } from './setting-types.ts'

export type Environment = Record<string, string | undefined>

export type AccessMode = AccessConfig['mode']

interface CommonConfig {
  development: boolean
  logLevel: string
  listen: { host: string | undefined; port: number }
  databasePath: string
  /** Holds the database, the identity and the secret key. */
  dataDir: string
  appsDir: string
  secretKey: string | undefined
  /** The key before the last rotation. It can still decrypt older secrets. */
  secretKeyPrevious: string | undefined
  access: AccessConfig
  node: {
    /** If undefined, generated at the first start and kept in `dataDir`. */
    id: string | undefined
    apiKey: string | undefined
    name: string
    /** Whether the name comes from NODE_NAME, now or at an earlier start. Otherwise it is the host name. */
    nameIsSet: boolean
    /** If undefined, `http://localhost:<port>`, which is known only when the server is listening. */
    apiEndpoint: string | undefined
  }
  operations: { deadlineMs: number; parallel: number }
  /** The published image of this program, for commands that install it elsewhere. */
  image: string | undefined
  /** How long a deploy may take to become healthy, and of how many healthy versions images are held. */
  deploys: { usualDeadlineMs: number; heldVersions: number; keptVersions: number }
  stats: { intervalMs: number }
  /** Where this node's own backups go, when they are made (cron, in this machine's time zone; undefined for never) and how many are kept. */
  backups: { folder: string; schedule: string | undefined; most: number }
  /** Whether people can open terminals in containers of this node. */
  hasTerminals: boolean
  /** Through which registries are asked. */
  proxies: Proxies
  /** What apps may do on this node. */
  policy: PolicySettings
  audit: AuditBounds
  /** Settings that are set but have no effect in this role. Startup warns about them. */
  ignored: string[]
}

export interface PrimaryConfig extends CommonConfig {
  role: 'primary'
  checks: { deadlineMs: number; parallel: number }
  /** 0 means that node keys are rotated only by hand. */
  nodeKeyMaxAgeMs: number
  /** How often registries are asked about images. 0 asks only when someone wants to know. */
  imageCheckMs: number
  cloudflare: { apiToken: string | undefined; accountId: string | undefined; apiUrl: string }
}

export interface SecondaryConfig extends CommonConfig {
  role: 'secondary'
  primaryUrl: string
  /** Lets a node that the primary does not know register itself. */
  joinToken: string | undefined
  /** How this node and its primary reach each other. */
  connection: ConnectionMode
}

export type Config = PrimaryConfig | SecondaryConfig

function cron(value: string | undefined, context: z.RefinementCtx): string | undefined {
  const problem = value === undefined ? null : cronProblem(value, new Date())
  if (problem !== null) context.addIssue({ code: 'custom', message: problem })
  return value
}

const environment = z.object({
  APP_ENV: optional.pipe(z.enum(['production', 'development'], 'must be production or development').default('production')),
  LOG_LEVEL: optional.pipe(
    z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be one of debug, info, warn, error, silent').optional(),
  ),
  SERVER_ADDRESS: address,
  DATABASE_PATH: optional.transform((value) => resolve(value ?? './data/selfhostly.db')),
  APPS_DIR: optional,
  SECRET_KEY: atLeast(32, 'for example the output of: openssl rand -hex 32'),
  SECRET_KEY_PREVIOUS: optional,
  ...accessSettings,
  NODE_IS_PRIMARY: flag(undefined),
  NODE_ID: optional.pipe(z.guid('must be a UUID such as 3f2b8c1e-6a57-4d0f-9c55-0d8f1c2b7a90').toLowerCase().optional()),
  NODE_NAME: optional.pipe(
    z.string().max(bounds.nodeName, `must have at most ${bounds.nodeName} characters`).refine(isPrintable, unprintableWords).optional(),
  ),
  NODE_API_ENDPOINT: httpUrl,
  // It is sent in a header and entered on the primary, which applies the same rule (cluster/members/node-input.ts).
  NODE_API_KEY: atLeast(8, 'for example the output of: openssl rand -base64 32').refine(
    (key) => key === undefined || /^[\x21-\x7e]{0,500}$/.test(key),
    'must be at most 500 visible ASCII characters, without spaces',
  ),
  NODE_CONNECTION: optional.pipe(z.enum(connectionModes, `must be one of ${connectionModes.join(', ')}`).default('auto')),
  PRIMARY_NODE_URL: httpUrl,
  PRIMARY_NODE_API_KEY: optional,
  JOIN_TOKEN: optional.refine(
    (token) => token === undefined || /^shlyjoin_[0-9a-f-]{36}_[\w-]+$/.test(token),
    'must be a join token exactly as the primary showed it, including shlyjoin_ at the start',
  ),
  CLOUDFLARE_API_TOKEN: shorterThan(bounds.settingValue),
  CLOUDFLARE_ACCOUNT_ID: shorterThan(bounds.settingValue),
  CLOUDFLARE_API_URL: httpUrl,
  HEALTH_CHECK_TIMEOUT: seconds(5, { min: 0.1, max: 60 }),
  HEALTH_CHECK_PARALLEL: count(200, { min: 1, max: 1000 }),
  NODE_KEY_MAX_AGE_DAYS: count(90, { min: 0, max: 3650 }),
  OPERATION_TIMEOUT: seconds(900, { min: 10, max: 86_400 }),
  DEPLOY_DEADLINE: seconds(300, { min: 5, max: bounds.deadlineSeconds }),
  HELD_IMAGE_VERSIONS: count(3, { min: 1, max: 50 }),
  APP_VERSIONS_KEPT: count(50, { min: 1, max: 1000 }),
  OPERATIONS_PARALLEL: count(4, { min: 1, max: 64 }),
  IMAGE_CHECK_HOURS: count(6, { min: 0, max: 720 }),
  STATS_INTERVAL: seconds(30, { min: 1, max: 300 }),
  SELFHOSTLY_IMAGE: optional.pipe(
    z
      .string()
      .regex(/^[\w.:/@-]+$/, 'must be the name of an image, such as registry.example.com/selfhostly:1.2')
      .optional(),
  ),
  BACKUP_DIR: optional,
  BACKUP_SCHEDULE: optional.transform(cron),
  BACKUP_KEEP: count(7, { min: 1, max: 1000 }),
  ALLOWED_VOLUME_PATHS: absolutePaths,
  TERMINALS: optional.pipe(z.enum(['on', 'off'], 'must be on or off').default('on')),
  COMPOSE_POLICY: optional.pipe(z.enum(['enforced', 'open'], 'must be enforced or open').default('enforced')),
  AUDIT_KEEP_DAYS: count(365, { min: 1, max: 3650 }),
  AUDIT_KEEP_LINES: count(200_000, { min: 1000, max: 10_000_000 }),
  AUDIT_KEEP_MIB: count(100, { min: 10, max: 10_000 }),
})

/** Each setting is described in docs/configuration.md and .env.example. */
export const settingNames: readonly string[] = Object.keys(environment.shape)

type Values = z.output<typeof environment>

const secondarySettings = ['PRIMARY_NODE_URL', 'JOIN_TOKEN'] as const
const cloudflareSettings = ['CLOUDFLARE_API_TOKEN', 'CLOUDFLARE_ACCOUNT_ID', 'CLOUDFLARE_API_URL'] as const

/** The folder that holds the database and everything else this node keeps. */
export const dataDirOf = (env: Environment): string => dirname(resolve(env['DATABASE_PATH']?.trim() || './data/selfhostly.db'))

/**
 * Reads the environment once. Reports all problems together, each with the setting's name and a valid value.
 *
 * @param keptIn reads the role that the node's last start stored in a data folder
 * @throws StartError if a setting is wrong or missing
 */
export function readConfig(env: Environment, keptIn: (dataDir: string) => KeptRole | null = () => null): Config {
  const dataDir = dataDirOf(env)
  const kept = keptIn(dataDir)
  const parsed = environment.safeParse(env)
  const problems = parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`)
  problems.push(...contradictions(env, kept, dataDir), ...missingSettings(env, kept))
  if (!parsed.success || problems.length > 0) {
    throw new StartError(`The configuration is invalid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`)
  }
  return { ...toConfig(parsed.data, kept), proxies: proxiesOf(env) }
}

/** Settings that another setting requires. Reads the raw environment, to report them together with malformed values. */
function missingSettings(env: Environment, kept: KeptRole | null): string[] {
  if (roleIn(env, kept) === 'primary') return accessProblems(env)
  const isKnown = Boolean(env['PRIMARY_NODE_URL']?.trim()) || Boolean(kept?.primaryUrl)
  return isKnown ? [] : ["PRIMARY_NODE_URL is required at a secondary's first start: the URL at which this node reaches its primary"]
}

function roleIn(env: Environment, kept: KeptRole | null): 'primary' | 'secondary' {
  const said = env['NODE_IS_PRIMARY']?.trim() ?? ''
  if (/^(false|0)$/i.test(said)) return 'secondary'
  return said === '' ? (kept?.role ?? 'primary') : 'primary'
}

/** Changing roles because of a forgotten setting would take a node out of its cluster, or leave its nodes without a primary. */
function contradictions(env: Environment, kept: KeptRole | null, dataDir: string): string[] {
  if (!kept?.role || kept.isGuess || roleIn(env, kept) === kept.role) return []
  const was = kept.role === 'secondary' ? `a secondary of ${kept.primaryUrl ?? 'another node'}` : 'a primary'
  return [
    `NODE_IS_PRIMARY=${env['NODE_IS_PRIMARY']?.trim()}, but ${dataDir} is the data folder of ${was}. Nothing was changed. ` +
      'To start it as before, remove NODE_IS_PRIMARY. To give it the other role, run this first: ' +
      ownCommand('reset-role'),
  ]
}

/** What every node has. */
function commonConfig(values: Values, kept: KeptRole | null) {
  const dataDir = dirname(values.DATABASE_PATH)
  return {
    development: values.APP_ENV === 'development',
    logLevel: values.LOG_LEVEL ?? (values.APP_ENV === 'development' ? 'debug' : 'info'),
    listen: values.SERVER_ADDRESS,
    databasePath: values.DATABASE_PATH,
    dataDir,
    appsDir: values.APPS_DIR ? resolve(values.APPS_DIR) : join(dirname(dataDir), 'apps'),
    secretKey: values.SECRET_KEY,
    secretKeyPrevious: values.SECRET_KEY_PREVIOUS,
    node: {
      id: values.NODE_ID,
      apiKey: values.NODE_API_KEY,
      name: values.NODE_NAME ?? kept?.name ?? (hostname() || 'selfhostly'),
      nameIsSet: (values.NODE_NAME ?? kept?.name ?? null) !== null,
      apiEndpoint: values.NODE_API_ENDPOINT,
    },
    operations: { deadlineMs: values.OPERATION_TIMEOUT, parallel: values.OPERATIONS_PARALLEL },
    image: values.SELFHOSTLY_IMAGE,
    deploys: { usualDeadlineMs: values.DEPLOY_DEADLINE, heldVersions: values.HELD_IMAGE_VERSIONS, keptVersions: values.APP_VERSIONS_KEPT },
    stats: { intervalMs: values.STATS_INTERVAL },
    backups: {
      folder: values.BACKUP_DIR ? resolve(values.BACKUP_DIR) : join(dataDir, 'backups'),
      schedule: values.BACKUP_SCHEDULE,
      most: values.BACKUP_KEEP,
    },
    hasTerminals: values.TERMINALS === 'on',
    policy: { isOpen: values.COMPOSE_POLICY === 'open', allowedPaths: values.ALLOWED_VOLUME_PATHS },
    audit: {
      maxAgeMs: values.AUDIT_KEEP_DAYS * 86_400_000,
      maxLines: values.AUDIT_KEEP_LINES,
      maxBytes: values.AUDIT_KEEP_MIB * 1024 * 1024,
    },
  }
}

function toConfig(values: Values, kept: KeptRole | null): Omit<PrimaryConfig, 'proxies'> | Omit<SecondaryConfig, 'proxies'> {
  const common = commonConfig(values, kept)
  if (values.NODE_IS_PRIMARY ?? kept?.role !== 'secondary') {
    return {
      ...common,
      role: 'primary',
      access: toAccess(values),
      checks: { deadlineMs: values.HEALTH_CHECK_TIMEOUT, parallel: values.HEALTH_CHECK_PARALLEL },
      nodeKeyMaxAgeMs: values.NODE_KEY_MAX_AGE_DAYS * 86_400_000,
      imageCheckMs: values.IMAGE_CHECK_HOURS * 3_600_000,
      cloudflare: {
        apiToken: values.CLOUDFLARE_API_TOKEN,
        accountId: values.CLOUDFLARE_ACCOUNT_ID,
        apiUrl: values.CLOUDFLARE_API_URL ?? 'https://api.cloudflare.com/client/v4',
      },
      ignored: secondarySettings.filter((name) => values[name] !== undefined),
    }
  }
  return {
    ...common,
    role: 'secondary',
    // AUTH_ENABLED has no effect here: people sign in to a secondary with its own link, password or token.
    access: toAccess({ ...values, AUTH_ENABLED: undefined, JWT_SECRET: undefined }),
    primaryUrl: values.PRIMARY_NODE_URL ?? kept?.primaryUrl ?? '',
    joinToken: values.JOIN_TOKEN,
    connection: values.NODE_CONNECTION,
    ignored: [...cloudflareSettings, ...signInSettings].filter((name) => values[name] !== undefined && values[name] !== false),
  }
}
