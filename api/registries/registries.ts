import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import type { InsecureRegistries } from '../docker/engine.types.ts'
import { errorMessage } from '../errors.ts'
import { canonicalImage, parseImage, type ImageReference } from '../image-reference.ts'
import type { Log } from '../log.ts'
import type { Proxies } from '../proxies.ts'
import { createImageAnswers } from './image-answers.ts'
import { createImageChecks } from './image-checks.ts'
import { createInsecureRegistries } from './insecure-registries.ts'
import { createRegistryBudget, type RegistryState } from './registry-budget.ts'
import { createRegistryClient } from './registry-client.ts'
import { createRegistryCredentials, type RegistryLogin } from './registry-credentials.ts'
import { createRegistryHttp } from './registry-http.ts'

export type Registries = ReturnType<typeof createRegistries>

/** A registry that this server has asked, or signs in to. */
export interface KnownRegistry extends RegistryState {
  username: string | null
  updatedAt: Date | null
}

interface Outside {
  /** Called when registries have said something. */
  onAnswers: () => void
  /** Asks the primary how to sign in to these registries. */
  fetchLogins: (registries: string[]) => Promise<RegistryLogin[]>
}

/** Registries of images: what they said about images, and how this node signs in to them. */
export function createRegistries(deps: {
  em: EntityManager
  version: string
  isPrimary: boolean
  secrets: { seal: (value: string, context: string) => string; open: (sealed: string, context: string) => string }
  proxies: Proxies
  /** Registries that the Engine pulls from without TLS. */
  insecure: () => Promise<InsecureRegistries>
  clock: Clock
  log: Log
  onCredentials: () => void
}) {
  const { em, clock, log, isPrimary } = deps
  const http = createRegistryHttp({ clock, proxies: deps.proxies, userAgent: `selfhostly/${deps.version}` })
  const budget = createRegistryBudget({ clock })
  const credentials = createRegistryCredentials({
    ...{ em, clock, ...deps.secrets, readOnly: !isPrimary },
    onChange(registry) {
      client.forget(registry)
      deps.onCredentials()
    },
  })
  const mayBePlain = createInsecureRegistries({ read: deps.insecure, clock })
  const client = createRegistryClient({ http, budget, clock, mayBePlain, loginFor: credentials.loginFor })
  let outside: Outside = { onAnswers: () => undefined, fetchLogins: () => Promise.resolve([]) }
  const answers = createImageAnswers({ em, clock, onChange: () => outside.onAnswers() })

  /** Fetches the logins for these registries from the primary. Without an answer, the copies stay. */
  async function refresh(registries: string[]): Promise<void> {
    if (isPrimary) return
    const asked = [...new Set(registries)].slice(0, 200)
    try {
      await credentials.replace(asked, asked.length === 0 ? [] : await outside.fetchLogins(asked))
    } catch (error) {
      log.debug({ error: errorMessage(error) }, 'the primary could not be asked for logins of registries. The copies here stay in use')
    }
  }

  return {
    answers,
    credentials,
    client,
    refresh,
    /** What is built later. */
    connect: (given: Outside): void => void (outside = given),
    answerOf: (image: ImageReference, platform: string) => answers.of(canonicalImage(image), platform),

    /** How to sign in for a pull of these images. A secondary asks its primary first, and uses its copies while that is away. */
    async loginsFor(images: string[], alsoUsed: string[]): Promise<RegistryLogin[]> {
      const registries = registriesOf(images)
      await refresh([...registries, ...registriesOf(alsoUsed)])
      return registries.flatMap((registry) => credentials.loginFor(registry) ?? [])
    },

    checksFor: (more: Omit<Parameters<typeof createImageChecks>[0], 'client' | 'answers' | 'clock' | 'log'>) =>
      createImageChecks({ ...more, client, answers, clock, log }),

    /** What people see: logins without passwords, and what registries said of their limits. */
    list(): KnownRegistry[] {
      const known = new Map(credentials.list().map((each) => [each.registry, each]))
      const states = new Map(budget.states().map((state) => [state.registry, state]))
      return [...new Set([...known.keys(), ...states.keys()])].toSorted().map((registry) => ({
        registry,
        username: known.get(registry)?.username ?? null,
        updatedAt: known.get(registry)?.updatedAt ?? null,
        rateLimit: states.get(registry)?.rateLimit ?? null,
        pausedUntil: states.get(registry)?.pausedUntil ?? null,
      }))
    },

    async start(): Promise<void> {
      await credentials.start()
      await answers.start()
    },
    stop: http.stop,
  }
}

export const registriesOf = (images: string[]): string[] => [...new Set(images.flatMap((image) => parseImage(image)?.registry ?? []))]
